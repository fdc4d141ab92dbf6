//! The verdict on a session: a pure function of the newest facts and the time.
//!
//! The first row that applies decides. Rows below can add words (which tool, which sub-agent), but
//! never contradict.
//!
//! | source | decides | believed for | waits first |
//! |---|---|---|---|
//! | process gone | Stopped | ever | no |
//! | process state `T`, frozen cgroup; a pause record of a hold with gates, or with a free prompt and a mark of its hooks; of an interrupt with a free prompt | Paused | until the next sample of the process | no |
//! | registry `waiting` | `AwaitingApproval`, or a menu | while the file says so | [`TRANSCRIPT_FLUSH_DELAY`] for its words |
//! | hook: a request of a sub-agent is held, or has just returned to the terminal | `AwaitingApproval` | while held, then [`HOOK_LEAD_TIME`] | no |
//! | hook: the awaited request was answered through Trusty Bar | Working, in place of the registry's `waiting` | [`HOOK_LEAD_TIME`] | no |
//! | registry without a status, or only its key | Starting, then Trust | [`FIRST_TRACE_TIMEOUT`], [`STARTING_GRACE`], [`START_TIMEOUT`] | no |
//! | hook: a prompt was sent | Working | [`HOOK_LEAD_TIME`], then the registry | no |
//! | registry `busy` | Working, Compacting, Retrying | while the file says so | no |
//! | registry `shell` | `BackgroundShell` | while the file says so | no |
//! | registry `idle` | Idle, Finished, Failed | while the file says so | [`IDLE_DEBOUNCE`] after `busy`, `shell`; [`TURN_END_DELAY`] while the transcript shows no end |
//! | registry file gone | as the file last said | [`EXIT_GRACE`] | no |
//! | Claude Code's own list, if the registry is not understood | the same words, inferred | [`LIST_MAX_AGE`] | no |
//! | pane text, if Claude Code reports nothing | the same states, inferred | [`SCREEN_MAX_AGE`] | no |
//! | transcript, if no other source reports | Working or not, inferred | until a newer record | no |
//! | tmux clients, kind `background` | Detached, unless a row above applies | newest list | no |
//!
//! A transcript adds to the registry's word: which tool, how the turn ended (Finished, Failed,
//! interrupted), a retry (for [`MAX_RETRY_DELAY`]), the sub-agents. The text of a pane adds a
//! retry, a compaction, or the tool of a dialog if no other source names it. A hook's report of a
//! call or a sub-agent counts until the transcript has continued without it for
//! [`HOOK_ONLY_LIMIT`]. Times of records and of the registry are compared with a tolerance of
//! [`RECORD_TIME_SLACK`]. Work without a turn makes the status doubtful after
//! [`TURNLESS_WORK_LIMIT`]. The age of a file never counts: a model that thinks writes nothing.
//!
//! [`START_TIMEOUT`]: crate::timing::START_TIMEOUT
//! [`TRANSCRIPT_FLUSH_DELAY`]: crate::timing::TRANSCRIPT_FLUSH_DELAY
//! [`HOOK_ONLY_LIMIT`]: crate::timing::HOOK_ONLY_LIMIT
//! [`HOOK_LEAD_TIME`]: crate::timing::HOOK_LEAD_TIME
//! [`IDLE_DEBOUNCE`]: crate::timing::IDLE_DEBOUNCE
//! [`EXIT_GRACE`]: crate::timing::EXIT_GRACE
//! [`LIST_MAX_AGE`]: crate::timing::LIST_MAX_AGE
//! [`MAX_RETRY_DELAY`]: crate::timing::MAX_RETRY_DELAY
//! [`SCREEN_MAX_AGE`]: crate::timing::SCREEN_MAX_AGE
//! [`FIRST_TRACE_TIMEOUT`]: crate::timing::FIRST_TRACE_TIMEOUT
//! [`RECORD_TIME_SLACK`]: crate::timing::RECORD_TIME_SLACK
//! [`STARTING_GRACE`]: crate::timing::STARTING_GRACE
//! [`TURNLESS_WORK_LIMIT`]: crate::timing::TURNLESS_WORK_LIMIT
//! [`TURN_END_DELAY`]: crate::timing::TURN_END_DELAY

mod activity;
mod paused;
mod registry;
mod requests;
mod without_status;

pub use activity::StatusDoubt;
pub use paused::{HoldOutlook, HookPresence};

use crate::client::ConfirmationGap;
use crate::observation::RegistryEntry;
use crate::open_requests::{self, OpenRequest};
use crate::pause::{InterruptedWork, PausePhase};
use crate::session::{Activity, Delegation, Need, SessionStatus, Source, StatusReason};
use crate::session_evidence::{SessionEvidence, StatusWord, TurnEvidence};
use crate::time::Timestamp;
use crate::timing::{
    COMMAND_TIME_LIMIT, EXIT_GRACE, HOLD_END_WARNING_TIME, STOPPED_RETENTION, STREAM_SURVIVAL_TIME,
};
use activity::{DraftActivity, status_reason, with_until_text};

/// The status of a session, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The status, in one word.
    pub status: SessionStatus,
    /// What the session does.
    pub activity: Option<Activity>,
    /// What the session waits for.
    pub need: Option<Need>,
    /// The sub-agents at work.
    pub delegations: Vec<Delegation>,
    /// Whether a terminal shows the session.
    pub attached: bool,
    /// Why the session has this status.
    pub because: StatusReason,
    /// Whether the pane could say more than Claude Code does.
    pub doubt: StatusDoubt,
    /// When the verdict may change without a new fact.
    pub review_at: Option<Timestamp>,
    /// Whether the pause record is no longer true and has to be repaired.
    pub stale_pause: bool,
    /// How many agents hooks hold, and how many still run.
    pub held: (usize, usize),
    /// Whether Trusty Bar's hooks run in the session.
    pub hooks_heard: HookPresence,
    /// The outlook of the session's hold.
    pub hold: HoldOutlook,
    /// Whether the pause has lasted so long that interrupted work may not continue as before.
    pub long_pause: bool,
    /// The requests that hooks reported and that are not over, oldest first.
    pub requests: Vec<OpenRequest>,
}

/// Whether a registry entry says that a turn runs or waits for the user.
pub fn is_mid_turn(entry: &RegistryEntry) -> bool {
    let word = StatusWord::from_entry(entry);
    matches!(word, StatusWord::Busy | StatusWord::Need { .. })
}

/// The key by which registry entries form runs: entries with equal keys have one status.
pub fn kind(entry: &RegistryEntry) -> (Option<String>, Option<String>, Option<String>) {
    (
        entry.session_id.clone(),
        entry.status.clone(),
        entry.waiting_for.clone(),
    )
}

/// Derives the verdict on a session at `now`.
pub fn derive_verdict(case: &SessionEvidence<'_>, now: Timestamp) -> Verdict {
    let process = case.process;
    if let Some(exited) = process.exited_at {
        let because = status_reason(Source::Process, "the process has exited", exited, exited);
        return Verdict {
            status: SessionStatus::Stopped,
            activity: None,
            need: None,
            delegations: Vec::new(),
            attached: false,
            because: with_until_text(
                because,
                "the session leaves the list, one minute after the exit",
            ),
            doubt: StatusDoubt::None,
            review_at: Some(exited.after(STOPPED_RETENTION)),
            stale_pause: case.pause.is_some(),
            held: (0, 0),
            hooks_heard: HookPresence::Unknown,
            hold: HoldOutlook::Sound,
            long_pause: false,
            requests: Vec::new(),
        };
    }
    let mut asks = open_requests::open_requests(case, now);
    let doing = requests::apply_requests(case, draft_activity(case, now), &mut asks, now);
    let delegations = match (&doing.activity, &doing.need) {
        (
            Some(
                Activity::Working { .. } | Activity::Compacting { .. } | Activity::Retrying { .. },
            ),
            _,
        )
        | (_, Some(_)) => TurnEvidence::from_evidence(case).delegations(),
        _ => Vec::new(),
    };
    let detached = detached(case);
    let attached = detached.is_none();
    let held = paused::held_agents(case, &doing, delegations.len());
    let not_held = paused::is_not_held(case, &doing, now);
    let stale_pause = not_held || paused::is_stale(case, &doing);
    let too_long = long_at(case);
    let hold_ends = paused::hold_ends_at(case).map(|end| end.before(HOLD_END_WARNING_TIME));
    let paused = paused::paused(case, &doing).filter(|_| !not_held);
    let reviews = [too_long, hold_ends, paused::doubted_at(case, &doing)];
    let reviews = reviews.into_iter().flatten().filter(|at| *at > now);
    let review_at = reviews.chain(doing.review_at).min();
    let (status, because) = if let Some(because) = paused {
        (SessionStatus::Paused, because)
    } else if let (SessionStatus::Active, Some(detached)) = (doing.status, detached) {
        // The activity is shown beside Detached, so the reason explains both, with the activity's
        // source.
        let text = format!("{}; {}", doing.because.text, detached);
        (
            SessionStatus::Detached,
            StatusReason {
                text,
                ..doing.because
            },
        )
    } else {
        (doing.status, doing.because)
    };
    Verdict {
        status,
        activity: doing.activity,
        need: doing.need,
        delegations,
        attached,
        because,
        doubt: doing.doubt,
        review_at,
        stale_pause,
        held,
        hooks_heard: paused::hooks_heard(case, now),
        hold: match hold_ends {
            _ if not_held => HoldOutlook::NotHeld,
            Some(at) if at <= now => HoldOutlook::EndsSoon,
            _ => HoldOutlook::Sound,
        },
        long_pause: too_long.is_some_and(|at| at <= now),
        requests: asks.open,
    }
}

/// When the work that a hard pause interrupted is likely to be lost; none if there was no such work.
fn long_at(case: &SessionEvidence<'_>) -> Option<Timestamp> {
    let (_, record) = case.pause?;
    let kept = match record.at_work {
        InterruptedWork::Nothing => return None,
        InterruptedWork::Stream => STREAM_SURVIVAL_TIME,
        InterruptedWork::Command => COMMAND_TIME_LIMIT,
    };
    let lasts = record.kind().is_hard() && record.phase == PausePhase::Paused;
    lasts.then(|| Timestamp::from(record.since).after(kept))
}

/// Why no terminal shows the session; none if one does.
fn detached(case: &SessionEvidence<'_>) -> Option<&'static str> {
    if case.shown.as_ref().is_some_and(|run| !run.value) {
        return Some("no tmux client shows the session");
    }
    let run = case.registry.first()?;
    let background = matches!(run.value.kind.as_deref(), Some("bg" | "background"));
    background.then_some("the session runs in the background")
}

fn draft_activity(case: &SessionEvidence<'_>, now: Timestamp) -> DraftActivity {
    if let Some(ConfirmationGap::ForeignFolder(_)) = &case.gap {
        return without_status::unconfirmed(case);
    }
    let leaving = case.registry_gone.map(|gone| gone.after(EXIT_GRACE));
    match case.registry.first() {
        Some(run) if leaving.is_none_or(|until| now < until) => {
            let doing = registry::activity_of_registry(case, run, now);
            match leaving {
                Some(at) => doing.with_review_at(at),
                None => doing,
            }
        }
        _ => without_status::without_registry(case, now),
    }
}
