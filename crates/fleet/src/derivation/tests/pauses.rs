//! What a pause looks like, from its record and what proves it.

use super::pause_availability::{decide, described, parent, pause};
use super::*;
use crate::action::{Action, Refusal};
use crate::observation::{
    ActionProgress, HookEvent, HookEventKind, HookInstall, HookMarks, ToolCall,
};
use crate::pause::{
    Gate, Initiator, InterruptedWork, PauseKind, PauseMethod, PausePhase, PauseRecord,
};
use crate::session::PendingAction;
use crate::terminal::PaneKey;

fn record(means: PauseMethod, phase: PausePhase) -> PauseRecord {
    PauseRecord {
        version: 1,
        session: id(9, 7),
        boot: "boot".into(),
        domain: None,
        client: key(9, 7),
        phase,
        since: at(5_000).into(),
        by: Initiator::App,
        summary: "ran Bash: make".into(),
        at_work: InterruptedWork::Stream,
        tty: Some("/dev/pts/1".into()),
        means,
    }
}

pub(super) fn paused_record(phase: PausePhase) -> Fact {
    let record = PauseRecord {
        session: id(1, 7),
        client: key(1, 7),
        ..record(frozen(), phase)
    };
    Fact::Pause(id(1, 7), Box::new(record))
}

/// The session's hooks have left a mark.
pub(super) fn marked(ms: i64) -> (i64, Fact) {
    let marks = HookMarks {
        since: Some(at(50)),
        sessions: [id(9, 7)].into(),
    };
    (ms, Fact::HookMarks(marks))
}

pub(super) fn kept(ms: i64, means: PauseMethod, phase: PausePhase) -> (i64, Fact) {
    (ms, Fact::Pause(id(9, 7), Box::new(record(means, phase))))
}

fn frozen() -> PauseMethod {
    PauseMethod::Freeze {
        group: "/sys/fs/cgroup/trusty".into(),
        moved: vec![],
        keeper: None,
    }
}

fn busy() -> Vec<(i64, Fact)> {
    vec![alive(0, 9), says(100, 9, "busy", "")]
}

fn with(facts: Vec<(i64, Fact)>) -> Vec<(i64, Fact)> {
    busy().into_iter().chain(facts).collect()
}

pub(super) fn gate(pid: u32, agent: Option<&str>) -> Gate {
    Gate {
        process: key(pid, 1),
        event: "PreToolUse".into(),
        agent: agent.map(str::to_owned),
        tool: Some("Bash".into()),
        since: None,
    }
}

#[test]
fn a_pause_is_shown_once_it_is_proven() {
    let paused = PausePhase::Paused;
    for (facts, expected) in [
        (vec![kept(5_000, frozen(), paused)], "Active Working"),
        (
            vec![
                kept(5_000, frozen(), paused),
                pulse(5_001, 9, RunState::Frozen),
            ],
            "Paused Working",
        ),
        (
            vec![
                kept(5_000, frozen(), PausePhase::Pausing),
                pulse(5_001, 9, RunState::Frozen),
            ],
            "Active Working",
        ),
        (
            vec![kept(5_000, PauseMethod::Hold, paused)],
            "Active Working",
        ),
        (
            vec![
                kept(5_000, PauseMethod::Hold, paused),
                (6_000, Fact::Gates(id(9, 7), vec![gate(70, None)])),
            ],
            "Paused Working",
        ),
        (
            vec![
                kept(5_000, PauseMethod::Hold, paused),
                says(6_000, 9, "idle", ""),
            ],
            "Active Finished",
        ),
        (
            vec![
                marked(4_000),
                kept(5_000, PauseMethod::Hold, paused),
                says(6_000, 9, "idle", ""),
            ],
            "Paused Finished",
        ),
        (
            vec![
                kept(5_000, PauseMethod::Hold, paused),
                says(6_000, 9, "waiting", "permission prompt"),
            ],
            "AwaitingApproval Permission -",
        ),
    ] {
        check(with(facts), 10_000, expected);
    }
}

#[test]
fn a_paused_session_tells_kind_time_and_what_was_going_on() {
    let facts = with(vec![
        kept(5_000, frozen(), PausePhase::Paused),
        pulse(5_001, 9, RunState::Frozen),
    ]);
    let fleet = fleet(facts);
    let session = |ms| fleet.snapshot(at(ms)).sessions[0].clone();
    let early = session(10_000);
    assert_eq!(early.paused_at, Some(at(5_000).into()));
    assert_eq!(early.pause_summary.as_deref(), Some("ran Bash: make"));
    let pause = early.pause.expect("a pause");
    assert_eq!((pause.kind, pause.by), (PauseKind::Freeze, Initiator::App));
    assert_eq!(pause.caution, None);
    let can = early.capabilities.expect("a live session");
    assert!(can.resume && can.pause.is_empty());
    assert_eq!(
        fleet.poll_timeout(at(10_000)).map(|(at, _)| at),
        Some(at(245_000))
    );
    let late = session(245_000).pause.expect("a pause").caution;
    assert!(late.is_some_and(|c| c.contains("repeat the last request")));
    let mut ran = record(frozen(), PausePhase::Paused);
    ran.at_work = InterruptedWork::Command;
    let ran = with(vec![(5_000, Fact::Pause(id(9, 7), Box::new(ran)))]);
    let caution = |ms| {
        let session = super::fleet(ran.clone()).snapshot(at(ms)).sessions[0].clone();
        session.pause.expect("a pause").caution
    };
    assert_eq!(caution(124_999), None);
    assert!(caution(125_000).is_some_and(|c| c.contains("background")));
    let explained = fleet
        .explain(id(9, 7), at(10_000))
        .expect("the session is listed");
    assert_eq!(explained.testimonies[0].source, Source::Pause);
    assert!(explained.testimonies[0].says.contains("frozen"));
}

#[test]
fn a_session_within_a_paused_one_is_paused_with_it() {
    let inner = ProcessFacts {
        ancestors: vec![parent(30, "bash", 30, 30), parent(9, "claude", 9, 9)],
        ..process(40, 7)
    };
    let outer = PauseRecord {
        client: key(9, 9),
        ..record(frozen(), PausePhase::Paused)
    };
    let facts = vec![
        described(0, inner),
        pulse(6_000, 40, RunState::Frozen),
        (5_000, Fact::Pause(id(9, 9), Box::new(outer))),
    ];
    let fleet = fleet(facts);
    let session = fleet.snapshot(at(7_000)).sessions[0].clone();
    assert_eq!(session.status, SessionStatus::Paused);
    let because = session.because.expect("a reason").text;
    assert_eq!(
        because,
        "the session was frozen together with the session that started it"
    );
    let told = fleet
        .plan(id(40, 7), &Action::Resume, at(7_000))
        .expect_err("the pause is not the session's own");
    assert!(
        told.to_string()
            .contains("resume the session that started this one")
    );
}

#[test]
fn what_is_not_true_any_more_is_seen_to() {
    let stale = |facts: Vec<(i64, Fact)>| {
        let wanted = fleet(facts).source_demand(at(10_000)).stale_pauses;
        wanted.contains(&id(9, 7))
    };
    let with_record = |facts| {
        let record = kept(5_000, frozen(), PausePhase::Paused);
        with([vec![record], facts].concat())
    };
    assert!(!stale(with_record(vec![pulse(
        4_999,
        9,
        RunState::Running
    )])));
    assert!(!stale(with_record(vec![pulse(6_000, 9, RunState::Frozen)])));
    assert!(stale(with_record(vec![pulse(6_000, 9, RunState::Running)])));
    let ended = Fact::ProcessExited(key(9, 7));
    assert!(stale(with_record(vec![(6_000, ended)])));
    let hung_up = ProcessFacts {
        tty: None,
        pulse: ProcessSample {
            key: key(9, 7),
            state: RunState::Frozen,
            usage: None,
        },
        ..process(9, 7)
    };
    assert!(stale(with_record(vec![described(6_000, hung_up)])));
    assert!(stale(with(vec![kept(
        5_000,
        PauseMethod::Hold,
        PausePhase::Pausing
    )])));
    assert!(!stale(with(vec![kept(
        5_000,
        PauseMethod::Hold,
        PausePhase::Paused
    )])));
    let nobody = vec![kept(5_000, frozen(), PausePhase::Paused)];
    assert!(stale(nobody.clone()));
    let gone = (6_000, Fact::PauseGone(id(9, 7)));
    assert!(!stale([nobody, vec![gone]].concat()));
    let typed = PauseMethod::Interrupt {
        pane: PaneKey {
            server: "/tmp/tmux/default".into(),
            pane: "%1".into(),
        },
    };
    let interrupted = vec![
        alive(0, 9),
        says(100, 9, "busy", ""),
        kept(5_000, typed, PausePhase::Paused),
        says(5_200, 9, "idle", ""),
    ];
    assert!(!stale(interrupted.clone()));
    let asks = says(6_000, 9, "waiting", "permission prompt");
    let asking = [interrupted.clone(), vec![asks]].concat();
    assert_eq!(decide(asking, &Action::Resume), Err(Refusal::AwaitsAnswer));
    assert!(decide(interrupted.clone(), &Action::Resume).is_ok());
    let goes_on = says(6_000, 9, "busy", "");
    assert!(stale([interrupted, vec![goes_on]].concat()));
}

#[test]
fn sub_agents_are_counted_until_all_are_held() {
    let agents = |n: u32| {
        let started = |i: u32| {
            let event = HookEvent {
                session_id: "s".into(),
                pid: Some(9),
                transcript: None,
                agent: Some(format!("a{i}")),
                call: None,
                what: HookEventKind::AgentStarted { agent_type: None },
            };
            (200, Fact::Hook(Box::new(event)))
        };
        (0..n).map(started).collect::<Vec<_>>()
    };
    let hold = |held: Vec<Gate>| {
        let mut facts = with(agents(2));
        facts.push(kept(1_000, PauseMethod::Hold, PausePhase::Paused));
        facts.push((1_500, Fact::Gates(id(9, 7), held)));
        let snapshot = fleet(facts).snapshot(at(2_000));
        let session = snapshot.sessions[0].clone();
        let pause = session.pause.expect("a pause");
        (session.status, pause.held, pause.running)
    };
    assert_eq!(hold(vec![]), (SessionStatus::Active, 0, 2));
    let one = hold(vec![gate(70, Some("a0"))]);
    assert_eq!(one, (SessionStatus::Active, 1, 1));
    let both = || vec![gate(70, Some("a0")), gate(71, Some("a1"))];
    assert_eq!(hold(both()), (SessionStatus::Paused, 2, 0));

    // The main agent may be at work beside its sub-agents.
    let call = ToolCall {
        id: "t1".into(),
        tool: "Bash".into(),
        detail: None,
        at: at(300),
    };
    let mut facts = with(agents(2));
    facts.push((300, told(HookEventKind::ToolStarting(call))));
    facts.push(kept(1_000, PauseMethod::Hold, PausePhase::Paused));
    facts.push((1_500, Fact::Gates(id(9, 7), both())));
    let mut beside = |more: Vec<(i64, Fact)>| {
        facts.extend(more);
        let snapshot = fleet(facts.clone()).snapshot(at(2_000));
        let session = snapshot.sessions[0].clone();
        (session.status, session.pause.expect("a pause").running)
    };
    assert_eq!(beside(vec![]), (SessionStatus::Active, 1));
    let ended = HookEventKind::ToolEnded { id: "t1".into() };
    let ended = vec![(1_800, told(ended))];
    assert_eq!(beside(ended), (SessionStatus::Paused, 0));
}

/// An event that a hook of the main agent reported.
pub(super) fn told(what: HookEventKind) -> Fact {
    Fact::Hook(Box::new(HookEvent {
        session_id: "s".into(),
        pid: Some(9),
        transcript: None,
        agent: None,
        call: None,
        what,
    }))
}

#[test]
fn a_hold_without_hooks_is_told() {
    let caution = |connection| {
        let connection = Fact::HookInstall("/home/dev/.claude".into(), connection);
        let facts = with(vec![
            kept(1_000, PauseMethod::Hold, PausePhase::Paused),
            (900, connection),
        ]);
        let session = fleet(facts).snapshot(at(2_000)).sessions[0].clone();
        session.pause.expect("a pause").caution
    };
    assert_eq!(caution(HookInstall::Connected), None);
    let told = caution(HookInstall::NotInstalled).expect("a caution");
    assert!(told.contains("this session is not held"), "{told}");
}

#[test]
fn actions_are_pending_until_they_are_seen_and_refusals_are_clear() {
    let pending = |facts: Vec<(i64, Fact)>, ms| {
        let told = fleet(facts).snapshot(at(ms)).sessions[0].pending.clone();
        told.map(|PendingAction { verb, failure, .. }| (verb, failure))
    };
    let act = |ms, act| (ms, Fact::ActionProgress(id(9, 7), act));
    let verb = crate::action::ActionKind::Pause;
    let begun = with(vec![act(5_000, ActionProgress::Begun(verb))]);
    assert_eq!(pending(begun.clone(), 5_001), Some((verb, None)));
    assert_eq!(decide(begun, &pause(None)), Err(Refusal::Busy));
    let done = with(vec![act(5_000, ActionProgress::Done(verb))]);
    assert_eq!(pending(done.clone(), 5_001), Some((verb, None)));
    assert_eq!(pending(done.clone(), 9_000), None);
    assert_eq!(
        fleet(done.clone()).poll_timeout(at(5_001)).map(|d| d.0),
        Some(at(8_000)),
        "the action is pending for 3 s at most"
    );
    let process = vec![pulse(5_002, 9, RunState::Frozen)];
    let half_seen = [done, process].concat();
    assert_eq!(
        pending(half_seen.clone(), 5_003),
        Some((verb, None)),
        "the record has not been read yet"
    );
    let record = vec![kept(5_002, frozen(), PausePhase::Paused)];
    assert_eq!(pending([half_seen, record].concat(), 5_003), None);
    let over = ActionProgress::Done(crate::action::ActionKind::End);
    let ended = with(vec![
        (4_990, Fact::ProcessExited(key(9, 7))),
        act(5_000, over),
    ]);
    assert_eq!(
        pending(ended, 5_001),
        None,
        "an exit needs no further sample"
    );
    let failed = with(vec![act(5_000, ActionProgress::Failed(verb, "no".into()))]);
    assert_eq!(
        pending(failed.clone(), 6_000),
        Some((verb, Some("no".into())))
    );
    assert_eq!(
        fleet(failed.clone()).poll_timeout(at(6_000)).map(|d| d.0),
        Some(at(20_000))
    );
    assert_eq!(pending(failed, 20_000), None);

    let paused = || with(vec![kept(5_000, frozen(), PausePhase::Paused)]);
    assert_eq!(
        decide(paused(), &pause(None)),
        Err(Refusal::AlreadyPaused(PauseKind::Freeze))
    );
    assert!(decide(paused(), &Action::Resume).is_ok());
    assert_eq!(decide(busy(), &Action::Resume), Err(Refusal::NotPaused));
    let others = with(vec![pulse(200, 9, RunState::Stopped(StopSignal::Keyboard))]);
    for action in [pause(None), Action::Resume] {
        let told = decide(others.clone(), &action).expect_err("the pause is not ours");
        assert_eq!(told.code().as_str(), "paused-by-others");
        assert!(told.to_string().contains("fg"), "{told}");
    }
    let ended = with(vec![(200, Fact::ProcessExited(key(9, 7)))]);
    assert_eq!(decide(ended, &Action::End), Err(Refusal::Ended));
    assert_eq!(decide(vec![], &Action::Resume), Err(Refusal::Ended));
}
