mod agent_requests;
mod answered;
mod belonging;
mod content;
mod holds;
mod hostile;
mod identity;
mod mac;
mod notices;
mod order;
mod pause_availability;
mod pauses;
mod repeated_requests;
mod reported;
mod requests;
mod silent;
mod terminal_only;

use super::*;
use crate::cadence::{FleetActivity, WakeReason};
use crate::identity::{ProcStart, SessionId, StartTime};
use crate::observation::{
    ConfigFolder, Fact, FocusEvent, ProcessFacts, ProcessSample, RunState, StopSignal,
};
use crate::session::{
    Activity, Certainty, ControlModel, NeedKind, SessionHost, SessionStatus, Source,
};
use crate::snapshot::Snapshot;
use crate::terminal::ProcessAncestor;
use std::time::{Duration, SystemTime};

const PROCESS_START_MS: i64 = 1_000_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(PROCESS_START_MS + ms)
}

fn machine() -> MachineIdentity {
    MachineIdentity {
        boot: "boot".into(),
        uid: 1000,
        host: Some("x".into()),
        pid_namespace: Some("pid:[1]".into()),
    }
}

fn key(pid: u32, start: u64) -> ProcessKey {
    ProcessKey {
        pid,
        start: StartTime(start),
    }
}

fn id(pid: u32, start: u64) -> SessionId {
    machine().session_id(key(pid, start))
}

fn process(pid: u32, start: u64) -> ProcessFacts {
    let key = key(pid, start);
    ProcessFacts {
        key,
        uid: 1000,
        role: ProcessRole::Interactive,
        started_at: at(0),
        cwd: Some("/home/dev/api".into()),
        project: None,
        ancestors: vec![],
        tty: Some("/dev/pts/1".into()),
        config_dir: None,
        config_folder: ConfigFolder::Unreadable,
        contained: false,
        tmux_socket: None,
        exe: None,
        seat: None,
        freezable: false,
        hook_obstacle: None,
        pulse: ProcessSample {
            key,
            state: RunState::Running,
            usage: None,
        },
    }
}

fn file(pid: u32) -> RegistryFile {
    RegistryFile {
        dir: "/home/dev/.claude".into(),
        pid,
    }
}

fn entry(start: u64, status: &str, waiting: &str) -> RegistryEntry {
    let word = |w: &str| (!w.is_empty()).then(|| w.to_owned());
    RegistryEntry {
        session_id: Some("s".into()),
        cwd: Some("/home/dev/api".into()),
        proc_start: Some(ProcStart::Ticks(start)),
        status: word(status),
        waiting_for: word(waiting),
        ..RegistryEntry::default()
    }
}

fn pane(pid: u32, session: &str, clients: u32) -> TmuxPane {
    TmuxPane {
        pane: "%1".into(),
        pid,
        tty: "/dev/pts/1".into(),
        window: "@1".into(),
        session: session.into(),
        clients,
    }
}

/// A fleet that has filed these facts, each at its time in milliseconds.
fn fleet(told: Vec<(i64, Fact)>) -> Fleet {
    let mut fleet = Fleet::new(machine());
    for (ms, fact) in told {
        fleet.handle_observation(Observation { at: at(ms), fact });
    }
    fleet
}

fn alive(ms: i64, pid: u32) -> (i64, Fact) {
    (ms, Fact::Process(Box::new(process(pid, 7))))
}

fn says(ms: i64, pid: u32, status: &str, waiting: &str) -> (i64, Fact) {
    (
        ms,
        Fact::Registry(file(pid), Box::new(entry(7, status, waiting))),
    )
}

fn pulse(ms: i64, pid: u32, state: RunState) -> (i64, Fact) {
    (
        ms,
        Fact::ProcessSamples(vec![ProcessSample {
            key: key(pid, 7),
            state,
            usage: None,
        }]),
    )
}

/// One line per session: the status, what the session does or needs, and the certainty.
fn told(fleet: &Fleet, ms: i64) -> String {
    let lines: Vec<String> = fleet
        .snapshot(at(ms))
        .sessions
        .iter()
        .map(|s| {
            let doing = match (&s.activity, &s.need) {
                (_, Some(need)) => {
                    format!(" {:?} {}", need.kind, need.tool.as_deref().unwrap_or("-"))
                }
                (Some(activity), _) => {
                    let text = format!("{activity:?}");
                    format!(" {}", text.split_whitespace().next().unwrap_or_default())
                }
                (None, None) => String::new(),
            };
            let sure = match s.because.as_ref().map(|b| b.certainty) {
                Some(Certainty::Certain) => "",
                Some(Certainty::Inferred) => " inferred",
                _ => " unknown",
            };
            format!("{:?}{doing}{sure}", s.status)
        })
        .collect();
    lines.join("; ")
}

fn check(facts: Vec<(i64, Fact)>, now: i64, expected: &str) {
    let story = format!("{facts:?}");
    assert_eq!(told(&fleet(facts), now), expected, "{story}");
}

#[test]
fn each_word_of_the_registry_has_its_status() {
    for (status, waiting, expected) in [
        ("busy", "", "Active Working"),
        ("idle", "", "Active Idle"),
        ("shell", "", "Active BackgroundShell"),
        (
            "waiting",
            "permission prompt",
            "AwaitingApproval Permission -",
        ),
        (
            "waiting",
            "approve Bash",
            "AwaitingApproval Permission Bash",
        ),
        (
            "waiting",
            "sandbox request",
            "AwaitingApproval Permission -",
        ),
        ("waiting", "worker request", "AwaitingApproval Permission -"),
        ("waiting", "goal proposal", "AwaitingApproval Permission -"),
        ("waiting", "input needed", "AwaitingApproval Question -"),
        ("waiting", "dialog open", "Active MenuOpen"),
        ("waiting", "", "Active MenuOpen inferred"),
        ("waiting", "the moon", "Active MenuOpen inferred"),
        (
            "waiting",
            "tool approval",
            "AwaitingApproval Permission - inferred",
        ),
        (
            "waiting",
            "an answer",
            "AwaitingApproval Question - inferred",
        ),
        ("sleeping", "", "Active unknown"),
    ] {
        check(
            vec![alive(0, 1), says(900, 1, status, waiting)],
            60_000,
            expected,
        );
    }
}

#[test]
fn a_start_is_told_as_one() {
    check(vec![alive(100, 1)], 200, "Starting");
    check(vec![alive(100, 1), says(300, 1, "", "")], 400, "Starting");
    // Older versions never write a status, or write no file.
    check(
        vec![alive(100, 1), says(300, 1, "", "")],
        10_001,
        "Active unknown",
    );
    check(vec![alive(100, 1)], 3_001, "Starting inferred");
    check(vec![alive(100, 1)], 10_001, "Active unknown");
    // Newer versions write one: this session waits for something in the terminal.
    let mut slow = entry(7, "", "");
    slow.version = Some("2.1.330".into());
    let slow = (300, Fact::Registry(file(1), Box::new(slow)));
    check(vec![alive(100, 1), slow], 60_000, "Starting inferred");
    let key_seen = (150, Fact::RegistryKey(file(1)));
    check(vec![alive(100, 1), key_seen.clone()], 5_000, "Starting");
    check(
        vec![alive(100, 1), key_seen.clone()],
        10_001,
        "AwaitingApproval Trust - inferred",
    );
    check(
        vec![alive(100, 1), key_seen, says(20_000, 1, "idle", "")],
        20_001,
        "Active Idle",
    );
}

#[test]
fn idle_counts_once_it_lasts() {
    let busy = vec![alive(0, 1), says(900, 1, "busy", "")];
    let with = |mut more: Vec<(i64, Fact)>| {
        let mut facts = busy.clone();
        facts.append(&mut more);
        facts
    };
    check(
        with(vec![says(5_000, 1, "idle", "")]),
        5_299,
        "Active Working",
    );
    check(
        with(vec![says(5_000, 1, "idle", "")]),
        5_300,
        "Active Finished",
    );
    check(
        with(vec![says(5_000, 1, "idle", ""), says(5_060, 1, "busy", "")]),
        5_400,
        "Active Working",
    );
    let flashing = fleet(with(vec![says(5_000, 1, "idle", "")]));
    assert_eq!(
        flashing.poll_timeout(at(5_010)),
        Some((at(5_300), WakeReason::VerdictDue))
    );
    let need = vec![
        alive(0, 1),
        says(900, 1, "waiting", "permission prompt"),
        says(5_000, 1, "idle", ""),
    ];
    check(need, 5_001, "Active Finished");
}

#[test]
fn finished_lasts_until_its_owner_looks() {
    let done = vec![
        alive(0, 1),
        says(900, 1, "busy", ""),
        says(5_000, 1, "idle", ""),
    ];
    let with = |fact: Fact, ms: i64| {
        let mut facts = done.clone();
        facts.push((ms, fact));
        facts
    };
    check(done.clone(), 9_000_000, "Active Finished");
    check(
        with(Fact::Attention(FocusEvent::Popover), 6_000),
        7_000,
        "Active Idle",
    );
    check(
        with(Fact::Attention(FocusEvent::Popover), 4_000),
        7_000,
        "Active Finished",
    );
    check(
        with(Fact::Attention(FocusEvent::Terminal(id(1, 7))), 6_000),
        7_000,
        "Active Idle",
    );
    check(
        with(Fact::Attention(FocusEvent::Terminal(id(2, 7))), 6_000),
        7_000,
        "Active Finished",
    );
    check(
        with(says(6_000, 1, "busy", "").1, 6_000),
        7_000,
        "Active Working",
    );
    // Opening a menu shows that the user looked, and /clear is no work.
    let menu = vec![
        alive(0, 1),
        says(900, 1, "waiting", "dialog open"),
        says(5_000, 1, "idle", ""),
    ];
    check(menu, 7_000, "Active Idle");
    let mut cleared = entry(7, "idle", "");
    cleared.session_id = Some("other".into());
    let clear = vec![
        alive(0, 1),
        says(900, 1, "busy", ""),
        (5_000, Fact::Registry(file(1), Box::new(cleared))),
    ];
    check(clear, 7_000, "Active Idle");
}

#[test]
fn p2_a_dead_session_is_never_shown_live() {
    let busy = vec![alive(0, 1), says(900, 1, "busy", "")];
    let with = |fact: Fact| {
        let mut facts = busy.clone();
        facts.push((5_000, fact));
        facts
    };
    check(with(Fact::ProcessExited(key(1, 7))), 5_001, "Stopped");
    check(with(Fact::ProcessAbsent(1)), 5_001, "Stopped");
    check(with(Fact::ProcessExited(key(1, 7))), 64_999, "Stopped");
    check(with(Fact::ProcessExited(key(1, 7))), 65_000, "");
    // The pid belongs to another process now, about which the file left behind says nothing.
    let mut other = process(1, 99);
    other.role = ProcessRole::Other;
    other.started_at = at(5_000);
    check(with(Fact::Process(Box::new(other))), 5_001, "Stopped");
    let mut newer = process(1, 99);
    newer.started_at = at(5_000);
    check(
        with(Fact::Process(Box::new(newer))),
        6_000,
        "Stopped; Starting",
    );
    // A registry file without a process proves nothing.
    check(vec![says(900, 1, "busy", "")], 1_000, "");
    check(
        vec![says(900, 1, "busy", ""), (901, Fact::ProcessAbsent(1))],
        1_000,
        "",
    );
}

#[test]
fn the_stopped_are_forgotten() {
    let mut fleet = fleet(vec![
        alive(0, 1),
        says(900, 1, "busy", ""),
        (950, Fact::RegistryKey(file(1))),
        (5_000, Fact::ProcessExited(key(1, 7))),
        (5_000, Fact::RegistryGone(file(1))),
    ]);
    assert_eq!(
        fleet.poll_timeout(at(6_000)),
        Some((at(65_000), WakeReason::StoppedExpires))
    );
    fleet.prune(at(65_001));
    fleet.handle_observation(Observation {
        at: at(65_002),
        fact: Fact::ProcessAbsent(1),
    });
    fleet.prune(at(65_003));
    assert_eq!(fleet.evidence, Evidence::default());
    assert_eq!(fleet.source_demand(at(65_003)), SourceDemand::default());
}

#[test]
fn a_file_that_is_gone_still_counts_while_the_client_leaves() {
    let leaving = vec![
        alive(0, 1),
        says(900, 1, "idle", ""),
        (5_000, Fact::RegistryGone(file(1))),
    ];
    check(leaving.clone(), 7_999, "Active Idle");
    check(leaving, 8_001, "Active unknown");
}

#[test]
fn a_process_that_cannot_run_is_paused() {
    let busy = vec![alive(0, 1), says(900, 1, "busy", "")];
    for state in [RunState::Stopped(StopSignal::Program), RunState::Frozen] {
        let mut facts = busy.clone();
        facts.push(pulse(5_000, 1, state));
        let snapshot = fleet(facts.clone()).snapshot(at(9_000));
        assert_eq!(snapshot.sessions[0].status, SessionStatus::Paused);
        assert_eq!(
            snapshot.sessions[0].paused_at,
            Some(SystemTime::from(at(5_000)))
        );
        facts.push(pulse(8_000, 1, RunState::Running));
        check(facts, 9_000, "Active Working");
    }
}

#[test]
fn deadlines_follow_the_verdict() {
    let starting = fleet(vec![alive(100, 1)]);
    let (due, _) = starting.poll_timeout(at(200)).expect("a deadline");
    assert_eq!(due, at(0).after(Duration::from_secs(1)));
    let idle = fleet(vec![alive(100, 1), says(200, 1, "idle", "")]);
    assert_eq!(idle.poll_timeout(at(60_000)), None);
}
