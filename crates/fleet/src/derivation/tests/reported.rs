//! What a snapshot says about pauses and hooks.

use super::pause_availability::{bash_in_pane, decide};
use super::pauses::paused_record;
use super::*;
use crate::action::{Action, PauseOptions, PlannedAction};
use crate::observation::{
    ActionProgress, ControlPreferences, HealthKey, HookInstall, ToolPausePolicy,
};
use crate::pause::{
    Initiator, InterruptedWork, MovedProcess, PauseMethod, PausePhase, PauseRecord,
};
use crate::session::{ActionKind, SessionEnd};
use crate::snapshot::{FolderHooks, HooksState};

fn busy() -> Vec<(i64, Fact)> {
    vec![alive(0, 9), says(100, 9, "busy", "")]
}

fn with(fact: Fact) -> Snapshot {
    let facts = busy().into_iter().chain([(200, fact)]);
    fleet(facts.collect()).snapshot(at(10_000))
}

/// Whether a session paused by `means` shows that its commands stopped too.
fn commands(means: PauseMethod) -> bool {
    let record = PauseRecord {
        version: 1,
        session: id(9, 7),
        boot: "boot".into(),
        domain: None,
        client: key(9, 7),
        phase: PausePhase::Paused,
        since: at(150).into(),
        by: Initiator::App,
        summary: String::new(),
        at_work: InterruptedWork::Nothing,
        tty: None,
        means,
    };
    let snapshot = with(Fact::Pause(id(9, 7), Box::new(record)));
    let pause = snapshot.sessions[0].pause.as_ref();
    pause.expect("a pause").commands
}

#[test]
fn commands_that_stopped_with_it_are_told() {
    let frozen = |others: &[u32]| PauseMethod::Freeze {
        group: "/sys/fs/cgroup/trusty".into(),
        moved: [key(9, 7)]
            .into_iter()
            .chain(others.iter().map(|pid| key(*pid, 1)))
            .map(|process| MovedProcess {
                process,
                from: "/sys/fs/cgroup".into(),
            })
            .collect(),
        keeper: None,
    };
    let stopped = |tools: Vec<ProcessKey>| PauseMethod::Stop {
        shells: vec![key(5, 1)],
        group: vec![key(9, 7)],
        tools,
    };
    assert!(commands(frozen(&[12])));
    assert!(!commands(frozen(&[])));
    assert!(commands(stopped(vec![key(12, 1)])));
    assert!(!commands(stopped(vec![])));
    assert!(!commands(PauseMethod::Hold));
}

#[test]
fn whether_commands_would_stop_is_told_before() {
    let wishes = |tools| {
        let fact = Fact::Preferences(ControlPreferences {
            tools,
            ..ControlPreferences::default()
        });
        let snapshot = with(fact);
        let can = snapshot.sessions[0].capabilities.as_ref();
        can.expect("capabilities").commands
    };
    assert!(wishes(ToolPausePolicy::Stop));
    assert!(!wishes(ToolPausePolicy::Run));
}

#[test]
fn the_hooks_of_each_folder_are_told_and_a_change_of_them_is_news() {
    let told =
        |connection: HookInstall| with(Fact::HookInstall("/home/dev/.claude".into(), connection));
    let hooks = |state, why: Option<&str>| {
        vec![FolderHooks {
            dir: "/home/dev/.claude".into(),
            state,
            why: why.map(str::to_owned),
        }]
    };
    let apart = told(HookInstall::NotInstalled);
    assert_eq!(apart.connections, hooks(HooksState::NotInstalled, None));
    let policy = told(HookInstall::Forbidden("a policy".into()));
    assert_eq!(
        policy.connections,
        hooks(HooksState::Forbidden, Some("a policy"))
    );
    assert!(crate::change::is_news(&apart, &policy));
    assert!(!crate::change::is_news(
        &apart,
        &told(HookInstall::NotInstalled)
    ));
}

#[test]
fn what_cannot_be_seen_to_is_told_only_while_it_is_there() {
    let key = HealthKey {
        source: Source::Pause,
        subject: id(1, 7).to_string(),
    };
    let mut facts = vec![
        (5_000, paused_record(PausePhase::Resuming)),
        (6_000, Fact::Health(key, Some("it cannot".into()))),
    ];
    assert_eq!(fleet(facts.clone()).snapshot(at(7_000)).health.len(), 1);
    facts.push((8_000, Fact::PauseGone(id(1, 7))));
    assert_eq!(fleet(facts).snapshot(at(9_000)).health, []);
}

#[test]
fn a_note_is_kept_short_and_steers_nothing() {
    let noted = |note: &str| {
        let wish = PauseOptions {
            how: None,
            note: Some(note.into()),
            by: Initiator::Command,
        };
        let plan = decide(bash_in_pane(), &Action::Pause(wish)).expect("a plan");
        let PlannedAction::Pause(pausing) = plan.deed else {
            panic!("{plan:?}");
        };
        assert!(pausing.noted);
        pausing.summary
    };
    assert_eq!(noted("after\n lunch\u{1b}[2J"), "after lunch\u{fffd}[2J");
    let seen = crate::action::with_pane("ran Bash: make", "all\nis well");
    assert_eq!(seen, "ran Bash: make; in its pane: all is well");
    assert_eq!(crate::action::headline(&seen), "ran Bash: make…");
    // The same where the command itself contains the words that precede a pane.
    let forged = "ran Bash: echo in its pane: ; rm -rf ~";
    assert_eq!(crate::action::headline(forged), "ran Bash: echo…");
    assert_eq!(crate::action::headline("ran Bash: ls"), "ran Bash: ls");
    assert_eq!(
        crate::action::headline(&"x".repeat(200)).chars().count(),
        120
    );
    let long = noted(&"ü".repeat(900));
    assert_eq!(long.chars().count(), crate::pause::MAX_SUMMARY_CHARS);
}

#[test]
fn an_end_tells_whether_its_client_took_leave() {
    let end = |facts: Vec<(i64, Fact)>| {
        let mut all = vec![alive(1_000, 1), says(1_000, 1, "idle", "")];
        all.extend(facts);
        fleet(all).snapshot(at(7_000)).sessions[0].end
    };
    let exited = || (6_000, Fact::ProcessExited(key(1, 7)));
    let gone = |ms| (ms, Fact::RegistryGone(file(1)));
    let asked = |act| (5_900, Fact::ActionProgress(id(1, 7), act));
    for (facts, wanted) in [
        (vec![], None),
        (vec![exited()], Some(SessionEnd::Killed)),
        (vec![gone(5_950), exited()], Some(SessionEnd::Exited)),
        // The removal of the file may be observed a little later.
        (vec![exited(), gone(6_500)], Some(SessionEnd::Exited)),
        (
            vec![says(5_000, 1, "busy", ""), gone(5_950), exited()],
            Some(SessionEnd::MidTurn),
        ),
        (
            vec![asked(ActionProgress::Begun(ActionKind::End)), exited()],
            Some(SessionEnd::Requested),
        ),
    ] {
        assert_eq!(end(facts.clone()), wanted, "{facts:?}");
    }
}

#[test]
fn hooks_that_are_connected_are_not_called_anything_else() {
    let reason = |facts: Vec<(i64, Fact)>, connection: Option<HookInstall>| {
        let connection = connection.map(|c| Fact::HookInstall("/home/dev/.claude".into(), c));
        let facts = facts.into_iter().chain(connection.map(|fact| (200, fact)));
        let told = fleet(facts.collect()).explain(id(9, 7), at(10_000));
        let told = told.expect("the session is listed").testimonies;
        let hook = told.into_iter().find(|t| t.source == Source::Hook);
        hook.expect("a testimony of the hook").reason
    };
    let asks = || vec![alive(0, 9), says(100, 9, "waiting", "permission prompt")];
    assert_eq!(reason(busy(), None), "the hooks are not connected");
    assert_eq!(
        reason(busy(), Some(HookInstall::Connected)),
        "the hooks are connected, but none has reported yet"
    );
    let told = reason(asks(), Some(HookInstall::Connected));
    assert!(told.contains("report to another engine"), "{told}");
    for other in [
        HookInstall::Incomplete,
        HookInstall::Forbidden("a policy".into()),
        HookInstall::Broken("no JSON".into()),
    ] {
        let told = reason(asks(), Some(other));
        assert!(!told.contains("not connected"), "{told}");
    }
}
