//! Holds: what proves them, what prevents them, and what shows that they had no effect.

use super::content::{call, end, said, transcript, with};
use super::pause_availability::{decide, described, pause};
use super::pauses::{gate, kept, marked, told};
use super::*;
use crate::action::Refusal;
use crate::client::HookObstacle;
use crate::observation::{ActionProgress, HookEventKind, HookInstall, HookMarks, TurnEndKind};
use crate::pause::{Gate, MAX_HOLD, PauseKind, PauseMethod, PausePhase};
use crate::session::Session;

type HoldFacts = Vec<(i64, Fact)>;

/// An idle session of a connected folder, whose hooks have left marks since 50 ms.
fn idle() -> HoldFacts {
    let connected = Fact::HookInstall("/home/dev/.claude".into(), HookInstall::Connected);
    vec![
        alive(0, 9),
        says(100, 9, "idle", ""),
        (100, connected),
        (100, unmarked()),
    ]
}

fn unmarked() -> Fact {
    Fact::HookMarks(HookMarks {
        since: Some(at(50)),
        ..HookMarks::default()
    })
}

fn hold(ms: i64) -> (i64, Fact) {
    kept(ms, PauseMethod::Hold, PausePhase::Paused)
}

fn gates(ms: i64, gates: Vec<Gate>) -> (i64, Fact) {
    (ms, Fact::Gates(id(9, 7), gates))
}

fn drawn(facts: &HoldFacts, ms: i64) -> Session {
    fleet(facts.clone()).snapshot(at(ms)).sessions.remove(0)
}

fn is_given_up(facts: &HoldFacts, ms: i64) -> bool {
    let wanted = fleet(facts.clone()).source_demand(at(ms));
    let given_up = wanted.not_held.contains_key(&id(9, 7));
    assert!(!given_up || wanted.stale_pauses.contains(&id(9, 7)));
    given_up
}

#[test]
fn a_free_prompt_is_held_by_a_mark_or_by_a_gate_that_was_seen() {
    let held = |more: HoldFacts, ms| {
        let session = drawn(&with(idle(), more), ms);
        let pause = session.pause.expect("a pause");
        (session.status, pause.unproven)
    };
    let waits = (SessionStatus::Active, true);
    let paused = (SessionStatus::Paused, false);
    assert_eq!(held(vec![hold(5_000)], 9_000), waits);
    assert_eq!(held(vec![marked(4_000), hold(5_000)], 9_000), paused);
    assert_eq!(held(vec![hold(5_000), marked(6_000)], 9_000), paused);
    let gone = vec![marked(4_000), hold(5_000), (6_000, unmarked())];
    assert_eq!(
        held(gone, 9_000),
        waits,
        "reconnected hooks leave new marks"
    );
    // A hook of 0.1.0 leaves no mark. After Escape ends it, the prompt is free again.
    let gated = vec![hold(5_000), gates(6_000, vec![gate(70, None)])];
    assert_eq!(held(gated.clone(), 9_000), paused);
    let escaped = with(gated, vec![gates(7_000, vec![])]);
    assert_eq!(held(escaped, 9_000).0, SessionStatus::Paused);
    let before = vec![gates(3_000, vec![]), hold(5_000)];
    assert_eq!(
        held(before, 9_000),
        waits,
        "the gate is of an earlier pause"
    );
}

#[test]
fn a_hold_that_waits_for_a_hook_says_so() {
    let session = drawn(&with(idle(), vec![hold(5_000)]), 9_000);
    let row = crate::row::Row::from_session(&session, None);
    assert!(row.sentence.contains("Pausing"), "{}", row.sentence);
    assert!(
        row.sentence.contains("waiting for the next hook"),
        "{}",
        row.sentence
    );
    let busy = with(idle(), vec![says(4_000, 9, "busy", ""), hold(5_000)]);
    let words =
        |facts: &HoldFacts| crate::row::Row::from_session(&drawn(facts, 9_000), None).sentence;
    assert!(words(&busy).contains("waiting for the next hook"));
    let proven = with(busy, vec![marked(4_500)]);
    assert!(words(&proven).contains("waiting for the next tool"));
}

fn refusal(facts: HoldFacts) -> Option<String> {
    let told = decide(facts, &pause(Some(PauseKind::Hold))).err()?;
    assert!(matches!(told, Refusal::Impossible(PauseKind::Hold, _)));
    Some(told.to_string())
}

#[test]
fn a_hold_is_refused_where_no_hook_can_hold() {
    assert_eq!(refusal(idle()), None);
    for (obstacle, words) in [
        (
            HookObstacle::Started("--bare".into()),
            "started with --bare",
        ),
        (
            HookObstacle::Disabled("/home/dev/api/.claude/settings.json".into()),
            "disableAllHooks is set in /home/dev/api/.claude/settings.json",
        ),
        (HookObstacle::OtherPidNamespace, "in another pid namespace"),
        (
            HookObstacle::Unread("/Users/dev/Documents/api".into()),
            "macOS guards that folder",
        ),
    ] {
        let facts = ProcessFacts {
            hook_obstacle: Some(obstacle),
            ..process(9, 7)
        };
        let facts = with(idle(), vec![described(1, facts)]);
        let can = drawn(&facts, 9_000).capabilities.expect("a live session");
        assert!(!can.pause.contains(&PauseKind::Hold));
        let told = refusal(facts).expect("a hold is refused");
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn unread_settings_do_not_matter_once_a_hook_has_reported() {
    let facts = ProcessFacts {
        hook_obstacle: Some(HookObstacle::Unread("/Users/dev/Documents/api".into())),
        ..process(9, 7)
    };
    let facts = with(idle(), vec![described(1, facts)]);
    assert!(refusal(facts.clone()).is_some());
    assert_eq!(refusal(with(facts, vec![marked(150)])), None);
}

#[test]
fn a_hold_is_refused_once_a_prompt_was_not_heard() {
    let prompted = |turn: i64| {
        transcript(
            turn + 100,
            said(turn, vec![], end(turn + 50, TurnEndKind::Finished)),
        )
    };
    let since = 10_050;
    let unheard =
        |more: HoldFacts| refusal(with(idle(), more)).is_some_and(|t| t.contains("was heard"));
    let late = |facts: HoldFacts, ms: i64| {
        let told = fleet(with(idle(), facts)).plan(id(9, 7), &pause(Some(PauseKind::Hold)), at(ms));
        told.is_err()
    };
    assert!(
        !unheard(vec![prompted(5_000)]),
        "Claude Code may not have loaded the hooks yet"
    );
    assert!(!late(vec![prompted(since)], 60_000));
    assert!(late(vec![prompted(since + 1)], 60_000));
    assert!(
        !late(vec![prompted(since + 1)], since + 1_000),
        "the mark may follow"
    );
    assert!(
        !late(vec![prompted(since + 1), marked(150)], 60_000),
        "a hook left a mark"
    );
    let heard = (since + 1, told(HookEventKind::Prompted));
    assert!(
        !late(vec![prompted(since + 1), heard], 60_000),
        "a hook reported"
    );
    let waits = gates(since + 2, vec![gate(70, None)]);
    assert!(
        !late(vec![prompted(since + 1), waits], 60_000),
        "a hook waits"
    );
    let no_marks = (101, Fact::HookMarks(HookMarks::default()));
    assert!(
        !late(vec![prompted(since + 1), no_marks], 60_000),
        "the hook program of 0.1.0 leaves no mark"
    );
}

#[test]
fn hooks_of_an_earlier_version_hold_only_clients_that_bear_them() {
    let outdated = Fact::HookInstall("/home/dev/.claude".into(), HookInstall::Outdated);
    let version = |version: &str| {
        let mut entry = entry(7, "idle", "");
        entry.version = Some(version.into());
        let told = (102, Fact::Registry(file(9), Box::new(entry)));
        refusal(with(idle(), vec![(101, outdated.clone()), told]))
    };
    assert_eq!(version("2.1.280"), None);
    assert_eq!(version("2.1.330"), None);
    for old in ["2.1.260", "2.1.279"] {
        let told = version(old).expect("a hold is refused");
        assert!(told.contains("trusty connect"), "{told}");
    }
}

/// S-E13 and R10: the session works on in spite of a hold.
#[test]
fn a_session_that_went_through_a_turn_was_not_held() {
    let turn = |how| transcript(9_000, said(7_000, vec![], end(8_000, how)));
    let worked = vec![
        hold(5_000),
        says(7_000, 9, "busy", ""),
        says(8_500, 9, "idle", ""),
    ];
    // The registry alone neither proves nor disproves a hold, because `!` says busy as well.
    let facts = with(idle(), worked.clone());
    assert_eq!(drawn(&facts, 10_000).status, SessionStatus::Active);
    assert!(!is_given_up(&facts, 10_000));
    for more in [vec![], vec![marked(200)]] {
        let facts = with(with(idle(), more), worked.clone());
        let finished = with(facts.clone(), vec![turn(TurnEndKind::Finished)]);
        assert_eq!(drawn(&finished, 10_000).status, SessionStatus::Active);
        assert!(is_given_up(&finished, 10_000));
        let interrupted = with(facts, vec![turn(TurnEndKind::Interrupted)]);
        assert!(
            !is_given_up(&interrupted, 10_000),
            "Escape ends what is held"
        );
    }
    // The turn that ran when the hold began may end.
    let before = with(
        idle(),
        vec![
            marked(200),
            says(4_000, 9, "busy", ""),
            hold(5_000),
            says(8_000, 9, "idle", ""),
            transcript(
                8_500,
                said(4_000, vec![], end(8_000, TurnEndKind::Finished)),
            ),
        ],
    );
    assert!(!is_given_up(&before, 10_000));
    assert_eq!(drawn(&before, 10_000).status, SessionStatus::Paused);
}

#[test]
fn a_killed_gate_that_nothing_followed_was_no_hold() {
    let killed = with(
        idle(),
        vec![
            marked(200),
            hold(5_000),
            (6_000, told(HookEventKind::Prompted)),
            gates(6_010, vec![gate(70, None)]),
            says(6_100, 9, "busy", ""),
            gates(7_000, vec![]),
        ],
    );
    assert!(!is_given_up(&killed, 8_000), "the gate may be run again");
    let again = with(killed.clone(), vec![gates(7_100, vec![gate(71, None)])]);
    let stopped = || told(HookEventKind::Stopped { agents: vec![] });
    assert!(!is_given_up(&with(again, vec![(8_000, stopped())]), 9_000));
    assert!(is_given_up(
        &with(killed.clone(), vec![(8_000, stopped())]),
        9_000
    ));
    let tool = told(HookEventKind::ToolStarting(call(8_000, "Bash", "make")));
    assert!(is_given_up(&with(killed, vec![(8_000, tool)]), 9_000));
    // The turn of a prompt that was sent before the pause may end.
    let before = with(
        idle(),
        vec![
            marked(200),
            (4_000, told(HookEventKind::Prompted)),
            says(4_100, 9, "busy", ""),
            hold(5_000),
            (8_000, stopped()),
        ],
    );
    assert!(!is_given_up(&before, 9_000));
}

#[test]
fn a_tool_that_no_gate_holds_for_long_shows_that_nothing_does() {
    let calls =
        |at: i64, tool: &str| transcript(at + 100, said(4_000, vec![call(at, tool, "x")], None));
    let busy = || {
        with(
            idle(),
            vec![marked(200), says(4_000, 9, "busy", ""), hold(5_000)],
        )
    };
    let facts = with(busy(), vec![calls(8_000, "Bash")]);
    assert!(!is_given_up(&facts, 17_999), "the gate may be late");
    let due = fleet(facts.clone())
        .poll_timeout(at(9_000))
        .expect("a deadline");
    assert_eq!(due.0, at(18_000));
    assert!(is_given_up(&facts, 18_000));
    let held = with(facts, vec![gates(8_050, vec![gate(70, None)])]);
    assert!(!is_given_up(&held, 60_000));
    assert!(!is_given_up(
        &with(busy(), vec![calls(5_500, "Bash")]),
        60_000
    ));
    assert!(!is_given_up(
        &with(busy(), vec![calls(8_000, "Agent")]),
        60_000
    ));
}

#[test]
fn a_hold_that_was_given_up_is_told_for_an_hour() {
    let given_up = with(
        idle(),
        vec![
            hold(5_000),
            (9_000, Fact::PauseGone(id(9, 7))),
            (
                9_010,
                Fact::ActionProgress(id(9, 7), ActionProgress::NotHeld),
            ),
        ],
    );
    let told = |ms| drawn(&given_up, ms).pending.and_then(|p| p.failure);
    let words = told(10_000).expect("words");
    assert!(words.starts_with("Claude Code's hooks did not hold this session"));
    assert!(told(9_010 + 3_599_999).is_some());
    assert_eq!(told(9_010 + 3_600_000), None);
    let due = fleet(given_up.clone()).poll_timeout(at(10_000));
    assert_eq!(due.map(|(at, _)| at), Some(at(9_010 + 3_600_000)));
}

#[test]
fn a_row_warns_in_the_last_day_of_a_hold() {
    let day = 24 * 3_600_000;
    let longest = i64::try_from(MAX_HOLD.as_millis()).expect("the limit fits");
    assert_eq!(longest, 24 * day);
    let since = Gate {
        since: Some(at(6_000).into()),
        ..gate(70, None)
    };
    let facts = with(idle(), vec![hold(5_000), gates(6_000, vec![since])]);
    let caution = |ms| drawn(&facts, ms).pause.expect("a pause").caution;
    let warned = 6_000 + longest - day;
    assert_eq!(caution(warned - 1), None);
    let words = caution(warned).expect("a caution");
    assert!(words.contains("24 days"), "{words}");
    let due = fleet(facts.clone()).poll_timeout(at(7_000));
    assert_eq!(due.map(|(at, _)| at), Some(at(warned)));
    let untold = with(
        idle(),
        vec![hold(5_000), gates(6_000, vec![gate(70, None)])],
    );
    let caution = drawn(&untold, warned).pause.expect("a pause").caution;
    assert_eq!(caution, None, "a gate of 0.1.0 does not say since when");
}
