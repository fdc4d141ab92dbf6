//! Paused: by our own record with what proves it, or by other hands.

use super::activity::{Doing, because, until};
use crate::evidence::Process;
use crate::observation::{End, Happened, HookEvent, RunState, StopSignal};
use crate::pause::{Asker, MAX_HOLD, Means, PauseKind, PauseRecord, Phase};
use crate::session::{Activity, Because, Source};
use crate::session_evidence::{Case, Content};
use crate::time::Timestamp;
use crate::timing::{GATE_AWAITED, HOOKS_TAKEN_UP, SLACK};
use std::time::Duration;

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
        PauseKind::Hold => by_others.is_some() || is_held(case, doing, seen),
        PauseKind::Interrupt => by_others.is_some() || rests(doing),
    };
    holds.then(|| ours(record, seen))
}

/// Paused with the session that runs it.
fn nested(by: Because, record: &PauseRecord) -> Because {
    let text = format!(
        "the session was {} together with the session that started it",
        record.kind().done()
    );
    until(Because { text, ..by }, "that other session is resumed")
}

fn ours(record: &PauseRecord, seen: Timestamp) -> Because {
    let who = match record.by {
        Asker::App | Asker::Command => "you",
        Asker::Api => "a program",
    };
    let text = match &record.means {
        Means::Freeze { .. } => format!("{who} paused the session: its processes are frozen"),
        Means::Stop { .. } => format!("{who} paused the session: its processes are stopped"),
        Means::Suspend { .. } => format!("{who} paused the session: Ctrl-Z suspended it"),
        Means::Hold => format!("{who} paused the session: hooks hold its next step"),
        Means::Interrupt { .. } => format!("{who} paused the session: its turn was interrupted"),
    };
    until(
        because(Source::Pause, &text, seen, record.since.into()),
        "you resume the session",
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
    let call = Content::of(case).running_call();
    call.is_some_and(|call| !matches!(call.tool.as_str(), "Agent" | "Task"))
}

fn is_held(case: &Case<'_>, doing: &Doing, seen: Timestamp) -> bool {
    if rests(doing) {
        // That its prompt is free shows nothing of what its hooks will do.
        return case.hook_proof.holds(case.gates, seen);
    }
    let agents = Content::of(case).delegations().len();
    let (held, running) = held(case, doing, agents);
    held > 0 && running == 0 && doing.need.is_none()
}

/// Whether hooks of ours run in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HooksHeard {
    /// They have left a mark, or wait.
    Proven,
    /// Nothing has happened yet that would show it.
    Unknown,
    /// It was prompted since hooks leave marks, and they left none.
    Unheard,
}

/// What becomes of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldOutlook {
    /// It goes on, or there is none.
    Sound,
    /// The hooks that hold the session reach their limit soon, and its turn ends then.
    EndsSoon,
    /// The session worked on all the same.
    NotHeld,
}

/// Whether hooks of ours run in it.
pub(super) fn hooks_heard(case: &Case<'_>, now: Timestamp) -> HooksHeard {
    let proof = case.hook_proof;
    if proof.marked || !case.gates.is_empty() {
        return HooksHeard::Proven;
    }
    let Some(since) = proof.marks_since.map(|at| at.after(HOOKS_TAKEN_UP)) else {
        return HooksHeard::Unknown;
    };
    let told = Content::of(case).told().next();
    if told.is_some_and(|(at, _)| at >= since) {
        return HooksHeard::Unknown;
    }
    let turn = case.transcript.and_then(|(_, said)| said.turn_at);
    // The mark is written before the prompt is sent, but may be read after the transcript.
    let prompted = turn.is_some_and(|at| at > since && now >= at.after(SLACK));
    if prompted {
        HooksHeard::Unheard
    } else {
        HooksHeard::Unknown
    }
}

/// Whether a session that was to be held has worked on: what its hooks keep from going on has gone
/// on after the record was seen.
pub(super) fn is_not_held(case: &Case<'_>, doing: &Doing, now: Timestamp) -> bool {
    let Some((seen, record)) = case.pause else {
        return false;
    };
    if record.kind() != PauseKind::Hold || record.phase != Phase::Paused || !case.gates.is_empty() {
        return false;
    }
    passed_gate(case, seen)
        || went_through_turn(case, seen)
        || doubted_at(case, doing).is_some_and(|at| now >= at)
}

/// Whether hooks told of a prompt or a tool after the pause, and then of what only comes after it.
fn passed_gate(case: &Case<'_>, seen: Timestamp) -> bool {
    let content = Content::of(case);
    let since = content.told().take_while(|(at, _)| *at > seen);
    let mut later: Vec<&HookEvent> = Vec::new();
    for (_, event) in since {
        let passed = match &event.what {
            Happened::Prompted => later.iter().any(|e| is_main_work(e)),
            Happened::ToolStarting(call) => later
                .iter()
                .any(|e| matches!(&e.what, Happened::ToolEnded { id } if *id == call.id)),
            _ => false,
        };
        if passed {
            return true;
        }
        later.push(event);
    }
    false
}

/// Whether an event tells that the main agent is in a turn, or was.
fn is_main_work(event: &HookEvent) -> bool {
    let works = matches!(
        event.what,
        Happened::Stopped { .. } | Happened::Failed { .. } | Happened::ToolStarting(_)
    );
    works && event.agent.is_none()
}

/// A prompt that was sent just before the pause may be written down so much later.
const PROMPT_WRITTEN: Duration = Duration::from_secs(1);

/// Whether a whole turn came after the pause. A short one may be over before the registry was read
/// as busy, so the transcript is enough where the prompt was surely sent after the pause: well after
/// it, or hooks that waited have ended since.
fn went_through_turn(case: &Case<'_>, seen: Timestamp) -> bool {
    let (Some((_, said)), Some((_, record))) = (case.transcript, case.pause) else {
        return false;
    };
    let Some(turn) = said.turn_at.filter(|at| *at > seen) else {
        return false;
    };
    let waited_at = case.hook_proof.gate_told_at;
    let began = case.registry.iter().any(|run| {
        let busy = run.value.status.as_deref() == Some("busy");
        busy && run.first > seen && waited_at < Some(run.first)
    });
    let was_sent_after = turn > seen.after(PROMPT_WRITTEN) || waited_at > Some(seen);
    // A hook that has waited as long as it can ends the turn, too.
    let limit = Timestamp::from(record.since).after(MAX_HOLD);
    let end = said.end.as_ref().filter(|end| end.at < limit);
    let ended =
        end.is_some_and(|end| matches!(end.how, End::Finished | End::Failed) && end.at >= turn);
    (began || was_sent_after) && ended
}

/// When a tool call of the main agent that was made after the pause, and that no gate holds, shows
/// that nothing holds it.
pub(super) fn doubted_at(case: &Case<'_>, doing: &Doing) -> Option<Timestamp> {
    let (seen, record) = case.pause?;
    let waits = record.kind() == PauseKind::Hold && record.phase == Phase::Paused;
    let told = case.hook_proof.gate_told_at;
    if !waits || !case.gates.is_empty() || rests(doing) {
        return None;
    }
    let (_, said) = case.transcript?;
    let calls = said.calls.iter().filter(|call| {
        let agent = matches!(call.tool.as_str(), "Agent" | "Task");
        !agent && call.at > seen.after(SLACK) && told < Some(call.at)
    });
    calls.map(|call| call.at.after(GATE_AWAITED)).min()
}

/// When the first of the hooks that hold it reaches its limit.
pub(super) fn hold_ends_at(case: &Case<'_>) -> Option<Timestamp> {
    let since = case.gates.iter().filter_map(|gate| gate.since).min()?;
    Some(Timestamp::from(since).after(MAX_HOLD))
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
            "the session was suspended with Ctrl-Z",
            "fg is typed in the terminal",
        ),
        RunState::Stopped(StopSignal::Program) => (
            "another program stopped the process",
            "the process receives SIGCONT",
        ),
        RunState::Stopped(StopSignal::Terminal) => (
            "the session is a background job and needs the terminal",
            "fg is typed in the terminal",
        ),
        RunState::Stopped(StopSignal::Unknown) => (
            "a signal stopped the process",
            "the process receives SIGCONT",
        ),
        RunState::Frozen => ("the session's cgroup is frozen", "the cgroup is thawed"),
    };
    Some(until(
        because(Source::Process, text, run.last, run.first),
        end,
    ))
}
