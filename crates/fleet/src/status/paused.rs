//! Paused: by a pause record and what proves it, or without Trusty Bar.

use super::activity::{DraftActivity, status_reason, with_until_text};
use crate::evidence::KnownProcess;
use crate::observation::{HookEvent, HookEventKind, RunState, StopSignal, TurnEndKind};
use crate::pause::{Initiator, MAX_HOLD, PauseKind, PauseMethod, PausePhase, PauseRecord};
use crate::session::{Activity, Source, StatusReason};
use crate::session_evidence::{SessionEvidence, TurnEvidence};
use crate::time::Timestamp;
use crate::timing::{GATE_TIMEOUT, HOOK_UPTAKE_TIME, RECORD_TIME_SLACK};
use std::time::Duration;

/// Why the session is paused; none if it is not.
pub(super) fn paused(case: &SessionEvidence<'_>, doing: &DraftActivity) -> Option<StatusReason> {
    let by_others = stopped(&case.process).map(|because| match case.within {
        Some(record) => nested_pause_reason(because, record),
        None => because,
    });
    let Some((seen, record)) = case.pause else {
        return by_others;
    };
    if record.phase != PausePhase::Paused {
        return None;
    }
    let holds = match record.kind() {
        PauseKind::Freeze | PauseKind::Stop | PauseKind::Suspend => by_others.is_some(),
        PauseKind::Hold => by_others.is_some() || is_held(case, doing, seen),
        PauseKind::Interrupt => by_others.is_some() || has_free_prompt(doing),
    };
    holds.then(|| paused_by_us_reason(record, seen))
}

/// The reason for a session that was paused together with the session that started it.
fn nested_pause_reason(by: StatusReason, record: &PauseRecord) -> StatusReason {
    let text = format!(
        "the session was {} together with the session that started it",
        record.kind().done()
    );
    with_until_text(StatusReason { text, ..by }, "that other session is resumed")
}

fn paused_by_us_reason(record: &PauseRecord, seen: Timestamp) -> StatusReason {
    let who = match record.by {
        Initiator::App | Initiator::Command => "you",
        Initiator::Api => "a program",
    };
    let text = match &record.means {
        PauseMethod::Freeze { .. } => format!("{who} paused the session: its processes are frozen"),
        PauseMethod::Stop { .. } => format!("{who} paused the session: its processes are stopped"),
        PauseMethod::Suspend { .. } => format!("{who} paused the session: Ctrl-Z suspended it"),
        PauseMethod::Hold => format!("{who} paused the session: hooks hold its next step"),
        PauseMethod::Interrupt { .. } => {
            format!("{who} paused the session: its turn was interrupted")
        }
    };
    with_until_text(
        status_reason(Source::Pause, &text, seen, record.since.into()),
        "you resume the session",
    )
}

/// How many agents of a session hooks hold, and how many agents still run. `agents` is the number
/// of sub-agents at work.
pub(super) fn held_agents(
    case: &SessionEvidence<'_>,
    doing: &DraftActivity,
    agents: usize,
) -> (usize, usize) {
    let held = case.gates.len();
    let main = case.gates.iter().any(|gate| gate.agent.is_none());
    let works = !has_free_prompt(doing) && agents == 0 && !main;
    let running = (agents + usize::from(main)).saturating_sub(held);
    let beside = agents > 0 && !main && runs_tool(case);
    let more = (works && held == 0) || beside;
    (held, running + usize::from(more))
}

/// Whether the main agent runs a tool; starting a sub-agent does not count.
fn runs_tool(case: &SessionEvidence<'_>) -> bool {
    let call = TurnEvidence::from_evidence(case).running_call();
    call.is_some_and(|call| !matches!(call.tool.as_str(), "Agent" | "Task"))
}

fn is_held(case: &SessionEvidence<'_>, doing: &DraftActivity, seen: Timestamp) -> bool {
    if has_free_prompt(doing) {
        // A free prompt does not show what the hooks will do.
        return case.hook_proof.proves_hold(case.gates, seen);
    }
    let agents = TurnEvidence::from_evidence(case).delegations().len();
    let (held, running) = held_agents(case, doing, agents);
    held > 0 && running == 0 && doing.need.is_none()
}

/// Whether Trusty Bar's hooks run in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookPresence {
    /// A hook left a mark, or waits.
    Proven,
    /// No event has occurred yet that would show it.
    Unknown,
    /// The session was prompted after hooks began to leave marks, and no hook left one.
    Silent,
}

/// The outlook of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldOutlook {
    /// The hold continues, or there is none.
    Sound,
    /// The hooks that hold the session reach their limit soon, which ends its turn.
    EndsSoon,
    /// The session continued to work despite the hold.
    NotHeld,
}

/// Whether Trusty Bar's hooks run in the session.
pub(super) fn hooks_heard(case: &SessionEvidence<'_>, now: Timestamp) -> HookPresence {
    let proof = case.hook_proof;
    if proof.marked || !case.gates.is_empty() {
        return HookPresence::Proven;
    }
    let Some(since) = proof.marks_since.map(|at| at.after(HOOK_UPTAKE_TIME)) else {
        return HookPresence::Unknown;
    };
    let told = TurnEvidence::from_evidence(case).hook_events().next();
    if told.is_some_and(|(at, _)| at >= since) {
        return HookPresence::Unknown;
    }
    let turn = case.transcript.and_then(|(_, said)| said.turn_at);
    // The mark is written before the prompt is sent, but may be read after the transcript.
    let prompted = turn.is_some_and(|at| at > since && now >= at.after(RECORD_TIME_SLACK));
    if prompted {
        HookPresence::Silent
    } else {
        HookPresence::Unknown
    }
}

/// Whether a session worked on despite a hold: after the record was seen, something continued that
/// hooks should have stopped.
pub(super) fn is_not_held(
    case: &SessionEvidence<'_>,
    doing: &DraftActivity,
    now: Timestamp,
) -> bool {
    let Some((seen, record)) = case.pause else {
        return false;
    };
    if record.kind() != PauseKind::Hold
        || record.phase != PausePhase::Paused
        || !case.gates.is_empty()
    {
        return false;
    }
    passed_gate(case, seen)
        || went_through_turn(case, seen)
        || doubted_at(case, doing).is_some_and(|at| now >= at)
}

/// Whether hooks reported a prompt or a tool after the pause, and then an event that only follows
/// once that prompt or tool was let through.
fn passed_gate(case: &SessionEvidence<'_>, seen: Timestamp) -> bool {
    let content = TurnEvidence::from_evidence(case);
    let since = content.hook_events().take_while(|(at, _)| *at > seen);
    let mut later: Vec<&HookEvent> = Vec::new();
    for (_, event) in since {
        let passed = match &event.what {
            HookEventKind::Prompted => later.iter().any(|e| is_main_work(e)),
            HookEventKind::ToolStarting(call) => later
                .iter()
                .any(|e| matches!(&e.what, HookEventKind::ToolEnded { id } if *id == call.id)),
            _ => false,
        };
        if passed {
            return true;
        }
        later.push(event);
    }
    false
}

/// Whether an event shows that the main agent is or was in a turn.
fn is_main_work(event: &HookEvent) -> bool {
    let works = matches!(
        event.what,
        HookEventKind::Stopped { .. }
            | HookEventKind::Failed { .. }
            | HookEventKind::ToolStarting(_)
    );
    works && event.agent.is_none()
}

/// How much later the transcript may record a prompt that was sent just before the pause.
const PROMPT_WRITE_DELAY: Duration = Duration::from_secs(1);

/// Whether a whole turn followed the pause. A short turn may end before the registry is read as
/// busy, so the transcript suffices if the prompt was certainly sent after the pause: well after
/// the pause, or with hooks that waited and have ended since.
fn went_through_turn(case: &SessionEvidence<'_>, seen: Timestamp) -> bool {
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
    let was_sent_after = turn > seen.after(PROMPT_WRITE_DELAY) || waited_at > Some(seen);
    // A hook that reaches its limit ends the turn too.
    let limit = Timestamp::from(record.since).after(MAX_HOLD);
    let end = said.end.as_ref().filter(|end| end.at < limit);
    let ended = end.is_some_and(|end| {
        matches!(end.how, TurnEndKind::Finished | TurnEndKind::Failed) && end.at >= turn
    });
    (began || was_sent_after) && ended
}

/// When a tool call of the main agent, made after the pause and held by no gate, proves that no
/// hook holds the session; none if there is no such call.
pub(super) fn doubted_at(case: &SessionEvidence<'_>, doing: &DraftActivity) -> Option<Timestamp> {
    let (seen, record) = case.pause?;
    let waits = record.kind() == PauseKind::Hold && record.phase == PausePhase::Paused;
    let told = case.hook_proof.gate_told_at;
    if !waits || !case.gates.is_empty() || has_free_prompt(doing) {
        return None;
    }
    let (_, said) = case.transcript?;
    let calls = said.calls.iter().filter(|call| {
        let agent = matches!(call.tool.as_str(), "Agent" | "Task");
        !agent && call.at > seen.after(RECORD_TIME_SLACK) && told < Some(call.at)
    });
    calls.map(|call| call.at.after(GATE_TIMEOUT)).min()
}

/// When the first of the hooks that hold the session reaches its limit.
pub(super) fn hold_ends_at(case: &SessionEvidence<'_>) -> Option<Timestamp> {
    let since = case.gates.iter().filter_map(|gate| gate.since).min()?;
    Some(Timestamp::from(since).after(MAX_HOLD))
}

/// Whether the prompt is free.
fn has_free_prompt(doing: &DraftActivity) -> bool {
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

/// Whether a pause record is no longer true and has to be repaired: the session was resumed without
/// Trusty Bar, its terminal hung up, or no process works on the record.
pub(super) fn is_stale(case: &SessionEvidence<'_>, doing: &DraftActivity) -> bool {
    let Some((seen, record)) = case.pause else {
        return false;
    };
    if record.phase != PausePhase::Paused {
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
            .is_some_and(|run| run.first > seen && !has_free_prompt(doing)),
    }
}

fn stopped(process: &KnownProcess<'_>) -> Option<StatusReason> {
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
    Some(with_until_text(
        status_reason(Source::Process, text, run.last, run.first),
        end,
    ))
}
