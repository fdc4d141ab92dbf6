//! Paused: by our own record with what proves it, or by other hands.

use super::{Case, Doing, because, until};
use crate::evidence::Process;
use crate::observation::{RunState, StopSignal};
use crate::pause::{Asker, Means, PauseKind, PauseRecord, Phase};
use crate::session::{Activity, Because, Source};
use crate::time::Timestamp;

/// Why it is paused, if it is.
pub(super) fn paused(case: &Case<'_>, doing: &Doing) -> Option<Because> {
    let by_others = stopped(&case.process).map(|because| match case.within {
        Some(record) => nested(because, record),
        None => because,
    });
    let Some((seen, record)) = case.pause else {
        return by_others;
    };
    if record.phase != Phase::Paused {
        return None;
    }
    let holds = match record.kind() {
        PauseKind::Freeze | PauseKind::Stop | PauseKind::Suspend => by_others.is_some(),
        PauseKind::Hold => by_others.is_some() || is_held(case, doing),
        PauseKind::Interrupt => by_others.is_some() || rests(doing),
    };
    holds.then(|| ours(record, seen))
}

/// Paused with the session that runs it.
fn nested(by: Because, record: &PauseRecord) -> Because {
    let text = format!(
        "it was {} with the session that runs it",
        record.kind().done()
    );
    until(Because { text, ..by }, "that session is resumed")
}

fn ours(record: &PauseRecord, seen: Timestamp) -> Because {
    let who = match record.by {
        Asker::App | Asker::Command => "you",
        Asker::Api => "a program of yours",
    };
    let text = match &record.means {
        Means::Freeze { .. } => format!("{who} paused it: its processes are frozen"),
        Means::Stop { .. } => format!("{who} paused it: its processes are stopped"),
        Means::Suspend { .. } => format!("{who} paused it: it was put aside with Ctrl-Z"),
        Means::Hold => format!("{who} paused it: its hooks hold what comes next"),
        Means::Interrupt { .. } => format!("{who} paused it: its turn was interrupted"),
    };
    until(
        because(Source::Pause, &text, seen, record.since.into()),
        "you resume it",
    )
}

/// Sub-agents of a held session that still run, and agents of it that are held.
pub(super) fn held(case: &Case<'_>, doing: &Doing, agents: usize) -> (usize, usize) {
    let held = case.gates.len();
    let main = case.gates.iter().any(|gate| gate.agent.is_none());
    let works = !rests(doing) && agents == 0 && !main;
    let running = (agents + usize::from(main)).saturating_sub(held);
    let beside = agents > 0 && !main && runs_tool(case);
    let more = (works && held == 0) || beside;
    (held, running + usize::from(more))
}

/// Whether the main agent has a tool at work; sub-agents that it has started do not count.
fn runs_tool(case: &Case<'_>) -> bool {
    let call = super::Content::of(case).running_call();
    call.is_some_and(|call| !matches!(call.tool.as_str(), "Agent" | "Task"))
}

fn is_held(case: &Case<'_>, doing: &Doing) -> bool {
    if rests(doing) {
        return true;
    }
    let agents = super::Content::of(case).delegations().len();
    let (held, running) = held(case, doing, agents);
    held > 0 && running == 0 && doing.need.is_none()
}

/// Whether its prompt is free.
fn rests(doing: &Doing) -> bool {
    doing.need.is_none()
        && matches!(
            doing.activity,
            Some(
                Activity::Idle { .. }
                    | Activity::Finished { .. }
                    | Activity::Failed { .. }
                    | Activity::BackgroundShell { .. }
                    | Activity::MenuOpen { .. }
            )
        )
}

/// Whether a record does not tell the truth any more, so that somebody has to see to it: its
/// session was resumed by other hands, lost its terminal, or nobody works on it.
pub(super) fn is_stale(case: &Case<'_>, doing: &Doing) -> bool {
    let Some((seen, record)) = case.pause else {
        return false;
    };
    if record.phase != Phase::Paused {
        return true;
    }
    let state = case.process.states.newest();
    let runs = state.is_some_and(|(at, state)| at > seen && *state == RunState::Running);
    let described = case.process.described_at;
    let hung_up = record.tty.is_some() && case.process.facts.tty.is_none() && described > seen;
    match record.kind() {
        PauseKind::Freeze | PauseKind::Stop | PauseKind::Suspend => runs || hung_up,
        PauseKind::Hold => false,
        PauseKind::Interrupt => case
            .registry
            .first()
            .is_some_and(|run| run.first > seen && !rests(doing)),
    }
}

fn stopped(process: &Process<'_>) -> Option<Because> {
    let run = process.states.runs(|s| *s).next()?;
    let (text, end) = match run.value {
        RunState::Running => return None,
        RunState::Stopped(StopSignal::Keyboard) => (
            "it was put aside with Ctrl-Z",
            "fg is typed in its terminal",
        ),
        RunState::Stopped(StopSignal::Program) => {
            ("another program stopped its process", "it gets SIGCONT")
        }
        RunState::Stopped(StopSignal::Terminal) => (
            "it runs in the background and wants its terminal",
            "fg is typed in its terminal",
        ),
        RunState::Stopped(StopSignal::Unknown) => {
            ("its process was stopped by a signal", "it gets SIGCONT")
        }
        RunState::Frozen => (
            "its control group is frozen",
            "whoever froze the group thaws it",
        ),
    };
    Some(until(
        because(Source::Process, text, run.last, run.first),
        end,
    ))
}
