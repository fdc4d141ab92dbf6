//! What can be done to a session, by its terminal, processes and hooks.

use super::*;
use crate::action::{
    Action, PauseCandidate, PauseObstacle, PauseOptions, Plan, PlannedAction, Refusal,
};
use crate::observation::{ControlPreferences, HookInstall, PauseOrder, ToolPausePolicy};
use crate::pause::{Initiator, PauseKind};
use crate::terminal::{JobControlIds, PaneKey, ProcessAncestor};

/// A parent of our own user, with job-control ids.
pub(super) fn parent(pid: u32, name: &str, session: u32, group: u32) -> ProcessAncestor {
    ProcessAncestor {
        pid,
        name: name.into(),
        exe: None,
        start: Some(StartTime(u64::from(pid))),
        uid: Some(1000),
        seat: Some(JobControlIds { session, group }),
    }
}

fn seated(session: u32, group: u32, ancestors: Vec<ProcessAncestor>) -> ProcessFacts {
    ProcessFacts {
        seat: Some(JobControlIds { session, group }),
        ancestors,
        ..process(9, 7)
    }
}

pub(super) fn described(ms: i64, facts: ProcessFacts) -> (i64, Fact) {
    (ms, Fact::Process(Box::new(facts)))
}

fn in_pane(pid: u32) -> (i64, Fact) {
    (
        0,
        Fact::Panes("/tmp/tmux/default".into(), vec![pane(pid, "work", 1)]),
    )
}

pub(super) fn pause(how: Option<PauseKind>) -> Action {
    Action::Pause(PauseOptions {
        how,
        note: None,
        by: Initiator::App,
    })
}

pub(super) fn decide(facts: Vec<(i64, Fact)>, action: &Action) -> Result<Plan, Refusal> {
    fleet(facts).plan(id(9, 7), action, at(10_000))
}

fn way(facts: Vec<(i64, Fact)>, how: Option<PauseKind>) -> Result<PauseCandidate, Refusal> {
    decide(facts, &pause(how)).map(|plan| match plan.deed {
        PlannedAction::Pause(pausing) => pausing.way,
        other => panic!("{other:?}"),
    })
}

fn keys(pids: &[u32]) -> Vec<ProcessKey> {
    let key = |pid: &u32| key(*pid, u64::from(*pid));
    pids.iter().map(key).collect()
}

#[test]
fn a_plain_terminal_is_stopped_from_its_first_process_down() {
    let stop = |pids: &[u32], group| {
        Ok(PauseCandidate::Stop {
            shells: keys(pids),
            group,
        })
    };
    let xterm = || parent(3, "xterm", 1, 1);
    for (facts, expected) in [
        (seated(9, 9, vec![xterm()]), stop(&[], 9)),
        (
            seated(5, 9, vec![parent(5, "bash", 5, 5), xterm()]),
            stop(&[5], 9),
        ),
        (
            seated(
                5,
                9,
                vec![parent(6, "zsh", 5, 6), parent(5, "bash", 5, 5), xterm()],
            ),
            stop(&[5, 6], 9),
        ),
        // A wrapper shares Claude Code's process group, and stops with that.
        (
            seated(
                5,
                8,
                vec![parent(8, "node", 5, 8), parent(5, "fish", 5, 5), xterm()],
            ),
            stop(&[5], 8),
        ),
        (
            seated(
                5,
                9,
                vec![
                    parent(6, "zsh", 5, 6),
                    ProcessAncestor {
                        uid: Some(0),
                        ..parent(5, "login", 5, 5)
                    },
                    xterm(),
                ],
            ),
            stop(&[6], 9),
        ),
    ] {
        assert_eq!(way(vec![described(0, facts)], None), expected);
    }
}

#[test]
fn what_wakes_the_stopped_and_what_is_foreign_is_left_alone() {
    let refused = |obstacle| Err(Refusal::Impossible(PauseKind::Stop, obstacle));
    let stop = |facts| way(vec![described(0, facts)], Some(PauseKind::Stop));
    let bash = || parent(5, "bash", 5, 5);
    for name in ["SCREEN", "zellij", "dtach", "su", "tmux: server"] {
        let facts = seated(5, 9, vec![bash(), parent(3, name, 1, 1)]);
        let word = if name.starts_with("tmux") {
            "tmux"
        } else {
            name
        };
        assert_eq!(
            stop(facts),
            refused(PauseObstacle::AutoResumed(word.to_lowercase()))
        );
    }
    let root = ProcessAncestor {
        uid: Some(0),
        ..parent(6, "setpriv", 5, 6)
    };
    let facts = seated(5, 9, vec![root, bash(), parent(3, "xterm", 1, 1)]);
    assert_eq!(
        stop(facts),
        refused(PauseObstacle::ForeignProcess("setpriv".into()))
    );
    assert_eq!(
        stop(process(9, 7)),
        refused(PauseObstacle::UnknownJobControl)
    );
    let headless = ProcessFacts {
        tty: None,
        ..seated(5, 5, vec![parent(5, "cron", 5, 5)])
    };
    let alone = PauseCandidate::Stop {
        shells: vec![],
        group: 5,
    };
    assert_eq!(stop(headless), Ok(alone));
}

pub(super) fn bash_in_pane() -> Vec<(i64, Fact)> {
    let tmux = parent(3, "tmux: server", 3, 3);
    let facts = seated(5, 9, vec![parent(5, "-bash", 5, 5), tmux]);
    vec![described(0, facts), in_pane(5)]
}

fn suspend() -> PauseCandidate {
    PauseCandidate::Suspend {
        pane: PaneKey {
            server: "/tmp/tmux/default".into(),
            pane: "%1".into(),
        },
        shell: key(5, 5),
    }
}

#[test]
fn tmux_takes_ctrl_z_hooks_or_escape_and_never_a_signal() {
    assert_eq!(way(bash_in_pane(), None), Ok(suspend()));
    let wakes = PauseObstacle::AutoResumed("tmux".into());
    assert_eq!(
        way(bash_in_pane(), Some(PauseKind::Stop)),
        Err(Refusal::Impossible(PauseKind::Stop, wakes))
    );
    let direct = || {
        let facts = seated(9, 9, vec![parent(3, "tmux: server", 3, 3)]);
        vec![described(0, facts), in_pane(9), says(1, 9, "busy", "")]
    };
    assert_eq!(way(direct(), None), Err(Refusal::LosesStep));
    assert!(matches!(
        way(direct(), Some(PauseKind::Interrupt)),
        Ok(PauseCandidate::Interrupt { .. })
    ));
    let mut idle = direct();
    idle[2] = says(1, 9, "idle", "");
    let told = way(idle, None).expect_err("nothing to interrupt");
    assert_eq!(told.code().as_str(), "no-way");
    assert!(
        told.to_string().contains("connect hooks to pause it"),
        "{told}"
    );
    let mut hooked = direct();
    hooked.push((
        2,
        Fact::HookInstall("/home/dev/.claude".into(), HookInstall::Connected),
    ));
    assert_eq!(way(hooked, None), Ok(PauseCandidate::Hold));
    let mut forbidden = direct();
    let policy = HookInstall::Forbidden("a policy forbids hooks".into());
    forbidden.push((2, Fact::HookInstall("/home/dev/.claude".into(), policy)));
    let told = way(forbidden, Some(PauseKind::Hold)).expect_err("forbidden");
    assert!(
        told.to_string().contains("a policy forbids hooks"),
        "{told}"
    );
}

#[test]
fn a_shell_that_could_not_bring_it_back_gets_no_ctrl_z() {
    for (name, group) in [("python3", 9), ("nu", 9), ("sh", 5)] {
        let tmux = parent(3, "tmux: server", 3, 3);
        let facts = seated(5, group, vec![parent(5, name, 5, 5), tmux]);
        let told = way(
            vec![described(0, facts), in_pane(5)],
            Some(PauseKind::Suspend),
        );
        assert_eq!(
            told,
            Err(Refusal::Impossible(
                PauseKind::Suspend,
                PauseObstacle::NoShell
            )),
            "{name}"
        );
    }
}

#[test]
fn the_best_comes_first_and_a_wish_changes_that() {
    let freezable = || {
        let facts = ProcessFacts {
            freezable: true,
            ..seated(9, 9, vec![parent(3, "xterm", 1, 1)])
        };
        let connection = Fact::HookInstall("/home/dev/.claude".into(), HookInstall::Connected);
        vec![described(0, facts), says(1, 9, "busy", ""), (1, connection)]
    };
    assert_eq!(way(freezable(), None), Ok(PauseCandidate::Freeze));
    let can = fleet(freezable()).snapshot(at(10_000)).sessions[0]
        .capabilities
        .clone()
        .expect("a live session");
    assert_eq!(
        can.pause,
        [PauseKind::Freeze, PauseKind::Stop, PauseKind::Hold]
    );
    let mut wished = freezable();
    wished.push((
        0,
        Fact::Preferences(ControlPreferences {
            first: PauseOrder::Hold,
            tools: ToolPausePolicy::Run,
            ..ControlPreferences::default()
        }),
    ));
    assert_eq!(way(wished.clone(), None), Ok(PauseCandidate::Hold));
    let plan = decide(wished, &pause(Some(PauseKind::Freeze))).expect("a plan");
    let PlannedAction::Pause(pausing) = plan.deed else {
        panic!("{plan:?}");
    };
    assert_eq!(pausing.tools, ToolPausePolicy::Run);
}
