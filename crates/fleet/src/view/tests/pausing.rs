//! What rows and the menu say about pauses.

use super::*;
use crate::pause::{Initiator, PauseKind};
use crate::session::{ActionKind, ActivePause, Capabilities, PendingAction};

/// A working session with these possible kinds of pause.
fn at_work(kinds: &[PauseKind]) -> Session {
    let activity = Activity::Working {
        tool: Some("Bash".into()),
        detail: Some("npm test".into()),
        since: time(30),
    };
    Session {
        capabilities: Some(Capabilities {
            pause: kinds.to_vec(),
            commands: true,
            ..Capabilities::default()
        }),
        ..doing(1, "core", activity)
    }
}

fn refused(status: SessionStatus, why: &str) -> Session {
    Session {
        capabilities: Some(Capabilities {
            refusal: Some(why.into()),
            ..Capabilities::default()
        }),
        ..session(1, "core", status)
    }
}

fn pause(kind: PauseKind) -> ActivePause {
    ActivePause {
        kind,
        by: Initiator::App,
        commands: false,
        held: 0,
        running: 0,
        unproven: false,
        caution: None,
    }
}

/// A session that Trusty Bar paused.
fn paused(pause: ActivePause) -> Session {
    Session {
        status: SessionStatus::Paused,
        paused_at: Some(time(60)),
        pause_summary: Some("ran Bash: npm test".into()),
        pause: Some(pause),
        capabilities: Some(Capabilities {
            resume: true,
            ..Capabilities::default()
        }),
        ..at_work(&[])
    }
}

fn pending(verb: ActionKind, failure: Option<&str>) -> PendingAction {
    PendingAction {
        verb,
        failure: failure.map(str::to_owned),
        since: time(61),
    }
}

fn row(session: &Session) -> Row {
    Row::from_session(session, Some(Path::new("/home/dev")))
}

/// The button: what it does, its label, and whether it can be pressed.
fn button(session: &Session) -> Option<(RowActionKind, String, bool)> {
    let action = row(session).action?;
    Some((action.does, action.label, action.enabled))
}

fn hint(session: &Session) -> String {
    row(session).action.expect("a button").hint
}

#[test]
fn a_button_says_before_the_click_which_kind_of_pause_it_is() {
    use PauseKind::{Freeze, Hold, Interrupt, Stop, Suspend};
    for (kinds, does, label) in [
        (vec![Freeze, Stop, Hold], RowActionKind::Pause, "Pause now"),
        (vec![Stop, Interrupt], RowActionKind::Pause, "Pause now"),
        (
            vec![Suspend, Hold],
            RowActionKind::Pause,
            "Pause now (Ctrl-Z)",
        ),
        (
            vec![Hold, Freeze],
            RowActionKind::Pause,
            "Pause before next tool",
        ),
        (vec![Interrupt], RowActionKind::Interrupt, "Interrupt…"),
    ] {
        let told = button(&at_work(&kinds));
        assert_eq!(told, Some((does, label.into(), true)), "{kinds:?}");
    }
    let mut apart = at_work(&[Freeze]);
    assert_eq!(hint(&apart), "freezes the session and its commands at once");
    apart.capabilities.as_mut().expect("set").commands = false;
    assert_eq!(
        hint(&apart),
        "freezes the session at once; its commands keep running"
    );
    assert_eq!(
        hint(&at_work(&[Hold])),
        "lets the current tool finish, then hooks hold the session"
    );
    assert!(hint(&at_work(&[Interrupt])).contains("the current step is lost"));
}

#[test]
fn what_cannot_be_paused_says_why_and_offers_no_button_that_works() {
    let why =
        "the session cannot be paused here: \u{1b}tmux automatically resumes stopped processes";
    let cannot = refused(SessionStatus::Active, why);
    assert_eq!(
        button(&cannot),
        Some((RowActionKind::Pause, "Pause".into(), false)),
        "shown, so that the tooltip can say why"
    );
    assert_eq!(hint(&cannot), why.replace('\u{1b}', "\u{fffd}"));
    assert_eq!(row(&cannot).refusal, Some(hint(&cannot)));
    // Nothing is known of what can be done to an exited session.
    assert_eq!(
        row(&session(1, "core", SessionStatus::Stopped)).action,
        None
    );
}

#[test]
fn other_hands_keep_their_words_and_get_a_way_out() {
    let why = "Trusty Bar did not pause this session; type fg in its terminal";
    let mut theirs = refused(SessionStatus::Paused, why);
    theirs.because.as_mut().expect("set").text = "the session was suspended with Ctrl-Z".into();
    let told = row(&theirs);
    assert_eq!((told.word.as_str(), told.action), ("Paused", None));
    assert_eq!(told.detail, "suspended with Ctrl-Z");
    assert_eq!(told.refusal.as_deref(), Some(why));
    assert_eq!(
        told.why,
        format!("Paused: the session was suspended with Ctrl-Z; {why}")
    );
}

#[test]
fn a_paused_row_says_how_by_whom_and_what_it_was_at() {
    let with = |kind, change: fn(&mut ActivePause)| {
        let mut pause = pause(kind);
        change(&mut pause);
        row(&paused(pause)).detail
    };
    let at = "ran Bash: npm test";
    for (kind, how) in [
        (PauseKind::Freeze, "frozen by you"),
        (PauseKind::Stop, "stopped by you"),
        (PauseKind::Suspend, "suspended by you"),
        (PauseKind::Hold, "held by you"),
        (PauseKind::Interrupt, "interrupted by you"),
    ] {
        assert_eq!(with(kind, |_| {}), format!("{how} · {at}"));
    }
    assert_eq!(
        with(PauseKind::Stop, |p| p.commands = true),
        format!("stopped by you, its commands too · {at}")
    );
    assert_eq!(
        with(PauseKind::Hold, |p| p.by = Initiator::Api),
        format!("held by a program · {at}")
    );
    let bare = Session {
        pause_summary: None,
        ..paused(pause(PauseKind::Freeze))
    };
    assert_eq!(row(&bare).detail, "frozen by you");
    let told = row(&bare);
    assert_eq!((told.tone, told.since), (StatusTone::Paused, time(60)));
    assert_eq!(
        button(&bare),
        Some((RowActionKind::Resume, "Resume".into(), true))
    );
    let late = paused(ActivePause {
        caution: Some("resuming may repeat the last request".into()),
        ..pause(PauseKind::Freeze)
    });
    let told = row(&late);
    assert_eq!(
        told.caution.as_deref(),
        Some("resuming may repeat the last request")
    );
    assert!(
        told.sentence
            .ends_with(", resuming may repeat the last request")
    );
    assert_eq!(
        hint(&late),
        "resumes the session where it stopped; resuming may repeat the last request"
    );
}

#[test]
fn a_hold_that_waits_for_its_agents_says_how_far_it_is() {
    let held = |held, running| Session {
        status: SessionStatus::Active,
        pause: Some(ActivePause {
            held,
            running,
            ..pause(PauseKind::Hold)
        }),
        ..paused(pause(PauseKind::Hold))
    };
    let told = row(&held(1, 2));
    assert_eq!(told.word, "Pausing…");
    assert_eq!(told.detail, "1 of 3 agents held · Bash: npm test");
    assert_eq!(
        (told.section, told.tone),
        (BoardSection::Working, StatusTone::Working)
    );
    assert_eq!(
        row(&held(0, 1)).detail,
        "waiting for the next tool · Bash: npm test"
    );
    // The pause can still be cancelled.
    assert_eq!(
        button(&held(1, 2)),
        Some((RowActionKind::Resume, "Resume".into(), true))
    );
    assert_eq!(
        hint(&held(1, 2)),
        "cancels the pause; hooks will not hold the session"
    );
    let asks = Session {
        pause: held(0, 1).pause,
        ..needing(1, "core", NeedKind::Permission, 20)
    };
    let told = row(&asks);
    assert_eq!(
        (told.word.as_str(), told.detail.as_str()),
        ("Permission", "waits for your answer · pausing")
    );
}

#[test]
fn what_is_being_done_takes_the_word_and_the_button() {
    for (verb, word) in [
        (ActionKind::Pause, "Pausing…"),
        (ActionKind::Resume, "Resuming…"),
        (ActionKind::End, "Ending…"),
    ] {
        let busy = Session {
            pending: Some(pending(verb, None)),
            ..at_work(&[PauseKind::Freeze])
        };
        let told = row(&busy);
        assert_eq!((told.word.as_str(), told.pending), (word, true));
        assert_eq!(told.detail, "Bash: npm test");
        assert_eq!(told.section, BoardSection::Working);
        assert!(!told.action.expect("a button").enabled);
    }
    let gone = Session {
        pending: Some(pending(ActionKind::End, None)),
        ..session(1, "core", SessionStatus::Stopped)
    };
    assert_eq!(row(&gone).word, "Stopped");
}

#[test]
fn a_failure_is_said_in_the_row_and_may_be_tried_again() {
    for (verb, done) in [
        (ActionKind::Pause, "Not paused"),
        (ActionKind::Resume, "Not resumed"),
        (ActionKind::End, "Not ended"),
    ] {
        let failed = Session {
            pending: Some(pending(
                verb,
                Some("the tmux pane is in \u{1b}copy mode; press q"),
            )),
            ..at_work(&[PauseKind::Suspend])
        };
        let told = row(&failed);
        let words = format!("{done}: the tmux pane is in \u{fffd}copy mode; press q");
        assert_eq!(told.failure.as_deref(), Some(words.as_str()));
        assert!(told.sentence.ends_with(&format!(", {words}")));
        assert_eq!((told.word.as_str(), told.pending), ("Working", false));
        assert!(told.action.expect("a button").enabled);
    }
}

#[test]
fn the_menu_does_what_rows_do_and_never_interrupts_all() {
    let numbered = |n: u128, session: Session| Session {
        id: SessionId(Uuid::from_u128(n)),
        workdir: format!("/home/dev/{n}"),
        ..session
    };
    let why = "type fg in its terminal";
    let board = board(vec![
        numbered(1, at_work(&[PauseKind::Hold])),
        numbered(2, at_work(&[PauseKind::Interrupt])),
        numbered(3, paused(pause(PauseKind::Stop))),
        numbered(4, refused(SessionStatus::Paused, why)),
        numbered(5, refused(SessionStatus::Active, "connect hooks")),
    ]);
    let id = |n| SessionId(Uuid::from_u128(n));
    let choice = |text: &str, action| MenuItem::Choice(text.into(), action);
    let show = |n| choice("Show", MenuAction::Show(id(n)));
    // Actions that every live session has come after those of its own.
    let group = |text: &str, n, mut items: Vec<MenuItem>| {
        let end = items
            .iter()
            .position(|i| matches!(i, MenuItem::Label(w) if w != "Pause"));
        let always = [
            choice("Open terminal", MenuAction::Jump(id(n))),
            choice("End…", MenuAction::End(id(n))),
        ];
        items.splice(
            end.unwrap_or(items.len())..end.unwrap_or(items.len()),
            always,
        );
        MenuItem::Group(text.into(), items)
    };
    let items = menu(&board, &MenuContext::default()).0;
    for wanted in [
        group(
            "◔ 1: working",
            1,
            vec![
                show(1),
                choice("Pause before next tool", MenuAction::Pause(id(1))),
            ],
        ),
        group(
            "◔ 2: working",
            2,
            vec![show(2), choice("Interrupt…", MenuAction::Interrupt(id(2)))],
        ),
        group(
            "3: paused",
            3,
            vec![show(3), choice("Resume", MenuAction::Resume(id(3)))],
        ),
        group("4: paused", 4, vec![show(4), MenuItem::Label(why.into())]),
        group(
            "5: running",
            5,
            vec![
                show(5),
                MenuItem::Label("Pause".into()),
                MenuItem::Label("connect hooks".into()),
            ],
        ),
        choice("Pause all", MenuAction::PauseAll),
        choice("Resume all", MenuAction::ResumeAll),
    ] {
        assert!(items.contains(&wanted), "{wanted:?} in {items:#?}");
    }
    assert_eq!(board.acting(RowAction::can_pause), [id(1)]);
    assert_eq!(board.acting(RowAction::can_resume), [id(3)]);
    let busy = Session {
        pending: Some(pending(ActionKind::Resume, None)),
        ..paused(pause(PauseKind::Stop))
    };
    let one = super::board(vec![busy, numbered(2, at_work(&[PauseKind::Freeze]))]);
    assert_eq!(one.acting(RowAction::can_resume), []);
    assert!(
        menu(&one, &MenuContext::default())
            .0
            .contains(&MenuItem::Label("Resume all".into()))
    );
    // An exited session has no submenu, and there is no action on all.
    let bare = menu(
        &super::board(vec![session(9, "x", SessionStatus::Stopped)]),
        &MenuContext::default(),
    )
    .0;
    assert_eq!(
        bare[2],
        choice("x: stopped", MenuAction::Show(id(9))),
        "{bare:#?}"
    );
    assert!(!bare.contains(&MenuItem::Label("Resume all".into())));
}

#[test]
fn a_delta_tells_of_the_button_too() {
    let before = board(vec![at_work(&[PauseKind::Freeze])]);
    let after = board(vec![at_work(&[PauseKind::Hold])]);
    let delta = after.delta_from(&before);
    assert_eq!(delta.rows.len(), 1);
    assert_eq!(before.apply(&delta), after);
}
