//! What a session does, according to its registry file.

use super::activity::{
    DraftActivity, as_doubtful, busy, draft_free_prompt, draft_need, fresh_screen, status_reason,
    with_until_text,
};
use super::without_status;
use crate::evidence::ValueRun;
use crate::identity::StartMatch;
use crate::observation::{RegistryEntry, ScreenContent};
use crate::session::{Activity, Certainty, NeedKind, SessionStatus, Source};
use crate::session_evidence::{SessionEvidence, StatusWord, TurnEvidence};
use crate::time::Timestamp;
use crate::timing::{
    HOOK_LEAD_TIME, IDLE_DEBOUNCE, SCREEN_MAX_AGE, TRANSCRIPT_FLUSH_DELAY, TURN_END_DELAY,
};
use crate::unknown_words::NOT_UNDERSTOOD_STATUS;

const OTHER_WORD_CONDITION: &str = "Claude Code reports another status or exits";

/// Since when the word of a run holds: as Claude Code says, but never later than the word was seen.
fn run_since(run: &ValueRun<'_, RegistryEntry>) -> Timestamp {
    run.value
        .status_updated_at
        .unwrap_or(run.first)
        .min(run.last)
}

/// What a session does, according to a registry file; inferred if only the pid shows that the file
/// is about this process.
pub(super) fn activity_of_registry(
    case: &SessionEvidence<'_>,
    run: &ValueRun<'_, RegistryEntry>,
    now: Timestamp,
) -> DraftActivity {
    let drafted = activity_of_word(case, run, now);
    let start = case.process.facts.key.start;
    let told = run.value.proc_start.map(|told| told.compare(start));
    if told == Some(StartMatch::Unknown) && drafted.because.certainty == Certainty::Certain {
        drafted.into_inferred()
    } else {
        drafted
    }
}

fn activity_of_word(
    case: &SessionEvidence<'_>,
    run: &ValueRun<'_, RegistryEntry>,
    now: Timestamp,
) -> DraftActivity {
    let from = run_since(run);
    let say = |text: &str| {
        let because = status_reason(Source::Registry, text, run.last, from);
        with_until_text(because, OTHER_WORD_CONDITION)
    };
    match StatusWord::from_entry(run.value) {
        StatusWord::Busy => busy(case, from, say("Claude Code reports busy"), now),
        StatusWord::Shell => DraftActivity::active(
            Activity::BackgroundShell { since: from.into() },
            say("Claude Code reports a running background shell"),
        ),
        // A hook distinguishes a dialog from a menu, whatever the registry calls it.
        StatusWord::Menu | StatusWord::UnknownWait(_)
            if TurnEvidence::from_evidence(case)
                .asked_by_hook(from)
                .is_some() =>
        {
            let because = say("Claude Code reports waiting, and a hook says for what");
            draft_need(case, NeedKind::Permission, None, from, because)
        }
        StatusWord::Menu => DraftActivity::active(
            Activity::MenuOpen { since: from.into() },
            say("Claude Code reports an open menu"),
        ),
        StatusWord::UnknownWait(text) => {
            let told = format!(
                "Claude Code reports waiting for {text:?}, which this version of Trusty Bar does \
                 not know"
            );
            DraftActivity::active(Activity::MenuOpen { since: from.into() }, say(&told))
                .into_inferred()
        }
        StatusWord::Need { kind, tool, known } => {
            let told = run.value.waiting_for.as_deref().unwrap_or_default();
            let because = say(&format!("Claude Code reports waiting for {told:?}"));
            let words = run.first.after(TRANSCRIPT_FLUSH_DELAY);
            if tool.is_none() && now < words && is_wordless(case, kind, from) {
                // Without this wait, a plan would first be shown as a permission.
                return activity_of_registry(case, &case.registry[1], now).with_review_at(words);
            }
            let doing = match shown_tool(case, kind, from, now).filter(|_| tool.is_none()) {
                Some((shown, over)) => {
                    as_doubtful(draft_need(case, kind, Some(shown), from, because))
                        .with_review_at(over)
                }
                None => draft_need(case, kind, tool, from, because),
            };
            if known { doing } else { doing.into_inferred() }
        }
        StatusWord::Idle => idle(case, run, now),
        StatusWord::Unknown(status) => {
            let told = if status == NOT_UNDERSTOOD_STATUS {
                "the registry file is not understood".to_owned()
            } else {
                format!(
                    "Claude Code reports {status:?}, a status this version of Trusty Bar does not \
                     know"
                )
            };
            let mut because = say(&told);
            because.certainty = Certainty::Unknown;
            without_status::else_with(
                case,
                now,
                DraftActivity::with_status(SessionStatus::Active, because),
            )
        }
        StatusWord::Missing => {
            without_status::without_status(case, run.value.version.as_deref(), now)
        }
    }
}

/// Whether a dialog has just opened in a turn and no source has reported yet what it asks for.
fn is_wordless(case: &SessionEvidence<'_>, kind: NeedKind, from: Timestamp) -> bool {
    let before = case
        .registry
        .get(1)
        .map(|run| StatusWord::from_entry(run.value));
    let content = TurnEvidence::from_evidence(case);
    before == Some(StatusWord::Busy) && content.may_tell_more(&content.dialog_request(kind, from))
}

/// The tool that the pane names for the dialog open since `from`, and until when that reading
/// counts. The pane is read only if no other source names a tool.
fn shown_tool(
    case: &SessionEvidence<'_>,
    kind: NeedKind,
    from: Timestamp,
    now: Timestamp,
) -> Option<(String, Timestamp)> {
    let told = TurnEvidence::from_evidence(case)
        .dialog_request(kind, from)
        .tool
        .is_some();
    let read = case.screens.first()?.last;
    if told || read < from {
        return None;
    }
    match fresh_screen(case, now)? {
        ScreenContent::Permission { tool } => Some((tool.clone()?, read.after(SCREEN_MAX_AGE))),
        _ => None,
    }
}

fn idle(
    case: &SessionEvidence<'_>,
    run: &ValueRun<'_, RegistryEntry>,
    now: Timestamp,
) -> DraftActivity {
    let before = case.registry.get(1);
    let lacks_end = TurnEvidence::from_evidence(case).lacks_end_of_turn(run.first);
    let debounce = if lacks_end {
        TURN_END_DELAY
    } else {
        IDLE_DEBOUNCE
    };
    let settled = run.first.after(debounce);
    let flashing = |b: &&ValueRun<'_, RegistryEntry>| {
        matches!(
            StatusWord::from_entry(b.value),
            StatusWord::Busy | StatusWord::Shell
        ) && b.value.session_id == run.value.session_id
    };
    if let Some(busy) = before.filter(flashing)
        && now < settled
    {
        return activity_of_registry(case, busy, now).with_review_at(settled);
    }
    let from = run_since(run);
    if let Some(at) = TurnEvidence::from_evidence(case).prompted()
        && at > from.max(run.first)
        && now < at.after(HOOK_LEAD_TIME)
    {
        let because = status_reason(Source::Hook, "a hook reported a new prompt", at, at);
        let because = with_until_text(because, "Claude Code updates its own status, within 1.5 s");
        return busy(case, at, because, now).with_review_at(at.after(HOOK_LEAD_TIME));
    }
    let say = |text: &str| {
        let because = status_reason(Source::Registry, text, run.last, from);
        with_until_text(because, "a prompt is sent or Claude Code exits")
    };
    draft_free_prompt(case, work_began_at(case), from, run.first, say)
}

/// When the work began that the newest idle status ended; none if there was no work.
fn work_began_at(case: &SessionEvidence<'_>) -> Option<Timestamp> {
    let session = &case.registry.first()?.value.session_id;
    let works = |run: &ValueRun<'_, RegistryEntry>| {
        run.value.session_id == *session
            && matches!(
                StatusWord::from_entry(run.value),
                StatusWord::Busy | StatusWord::Shell | StatusWord::Need { .. }
            )
    };
    let before = case.registry.get(1).filter(|run| works(run))?;
    // A status lasts until a newer one is seen.
    let flashes = |newer: &ValueRun<'_, RegistryEntry>, run: &ValueRun<'_, RegistryEntry>| {
        StatusWord::from_entry(run.value) == StatusWord::Idle
            && newer.first.since(run.first) < IDLE_DEBOUNCE
    };
    let earlier = case
        .registry
        .windows(2)
        .take_while(|pair| works(&pair[1]) || flashes(&pair[0], &pair[1]))
        .map(|pair| &pair[1])
        .filter(|run| works(run))
        .last();
    Some(run_since(earlier.unwrap_or(before)))
}
