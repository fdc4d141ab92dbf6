//! What a session does, as any source may report: works, waits for the user, or rests.

use crate::observation::ScreenContent;
use crate::session::{Activity, Certainty, Need, NeedKind, SessionStatus, Source, StatusReason};
use crate::session_evidence::{
    DialogRequest, SessionEvidence, TurnEvidence, TurnOutcome, retry_over,
};
use crate::time::Timestamp;
use crate::timing::{SCREEN_MAX_AGE, TRANSCRIPT_FLUSH_DELAY, TURNLESS_WORK_LIMIT};
use std::time::{Duration, SystemTime};

/// Whether the pane of a session could say more than Claude Code does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusDoubt {
    /// Claude Code's own report is complete.
    None,
    /// Claude Code reports nothing, uses unknown words, or seems to repeat a failing request.
    Some,
}

/// What a session does, before requests, pauses and attachment are considered.
pub(super) struct DraftActivity {
    pub(super) status: SessionStatus,
    pub(super) activity: Option<Activity>,
    pub(super) need: Option<Need>,
    pub(super) because: StatusReason,
    pub(super) doubt: StatusDoubt,
    pub(super) review_at: Option<Timestamp>,
}

impl DraftActivity {
    pub(super) fn active(activity: Activity, because: StatusReason) -> Self {
        Self {
            status: SessionStatus::Active,
            activity: Some(activity),
            need: None,
            because,
            doubt: StatusDoubt::None,
            review_at: None,
        }
    }

    pub(super) fn with_need(need: Need, because: StatusReason) -> Self {
        Self {
            status: SessionStatus::AwaitingApproval,
            activity: None,
            need: Some(need),
            because,
            doubt: StatusDoubt::None,
            review_at: None,
        }
    }

    pub(super) fn with_status(status: SessionStatus, because: StatusReason) -> Self {
        Self {
            status,
            activity: None,
            need: None,
            because,
            doubt: StatusDoubt::None,
            review_at: None,
        }
    }

    /// The same, marked as inferred and doubtful.
    pub(super) fn into_inferred(mut self) -> Self {
        self.because.certainty = Certainty::Inferred;
        self.doubt = StatusDoubt::Some;
        self
    }

    pub(super) fn with_review_at(mut self, at: Timestamp) -> Self {
        self.review_at = Some(self.review_at.map_or(at, |known| known.min(at)));
        self
    }
}

pub(super) fn status_reason(
    source: Source,
    text: &str,
    observed: Timestamp,
    since: Timestamp,
) -> StatusReason {
    StatusReason {
        source,
        text: text.to_owned(),
        observed_at: observed.into(),
        since: since.into(),
        certainty: Certainty::Certain,
        until: String::new(),
    }
}

/// Adds what would change the status.
pub(super) fn with_until_text(mut because: StatusReason, text: &str) -> StatusReason {
    text.clone_into(&mut because.until);
    because
}

/// A need, with the words that the transcript or a hook has for the dialog.
pub(super) fn draft_need(
    case: &SessionEvidence<'_>,
    kind: NeedKind,
    tool: Option<String>,
    from: Timestamp,
    because: StatusReason,
) -> DraftActivity {
    let mut asked = TurnEvidence::from_evidence(case).dialog_request(kind, from);
    // A dialog of another tool than the registry names is another dialog.
    if tool.is_some() && asked.tool != tool {
        asked = DialogRequest {
            tool,
            ..DialogRequest::default()
        };
    }
    let wordless = kind == NeedKind::Permission && asked.tool.is_none();
    let told = match asked.tool {
        Some(_) => asked.kind(),
        None => TurnEvidence::from_evidence(case).last_asked_kind(from),
    };
    let need = Need {
        kind: told.unwrap_or(kind),
        tool: asked.tool,
        detail: asked.detail,
        agent: asked.agent,
        elsewhere: None,
        since: from.into(),
    };
    let doing = DraftActivity::with_need(need, because);
    if wordless { as_doubtful(doing) } else { doing }
}

/// A running turn, with the details that sources report.
pub(super) fn busy(
    case: &SessionEvidence<'_>,
    from: Timestamp,
    because: StatusReason,
    now: Timestamp,
) -> DraftActivity {
    let content = TurnEvidence::from_evidence(case);
    let since: SystemTime = from.into();
    if content.compacting(from).is_some() {
        return DraftActivity::active(Activity::Compacting { since }, because);
    }
    if let Some((activity, over)) = shown_work(case, since, now) {
        return as_doubtful(DraftActivity::active(activity, because)).with_review_at(over);
    }
    let call = content.running_call();
    if let (Some(retry), None) = (content.retry(now), call) {
        let told = retry.at.after(TRANSCRIPT_FLUSH_DELAY);
        if now < told {
            return working(&content, from, because, now).with_review_at(told);
        }
        let activity = Activity::Retrying {
            attempt: retry.attempt,
            of: retry.of,
            next_at: retry.next_at.map(Into::into),
            since,
        };
        return as_doubtful(DraftActivity::active(activity, because))
            .with_review_at(retry_over(retry));
    }
    working(&content, from, because, now)
}

fn working(
    content: &TurnEvidence<'_>,
    from: Timestamp,
    because: StatusReason,
    now: Timestamp,
) -> DraftActivity {
    let agents = content.delegations().len();
    let call = content.running_call();
    let (tool, detail) = match call {
        Some(call) => (Some(call.tool.clone()), call.detail.clone()),
        None => (None, at_work(agents)),
    };
    let since = from.into();
    let doing = DraftActivity::active(
        Activity::Working {
            tool,
            detail,
            since,
        },
        because,
    );
    let turnless = call.is_none() && agents == 0 && content.ended_at().is_some_and(|at| at <= from);
    let strange = from.after(TURNLESS_WORK_LIMIT);
    match turnless {
        true if now >= strange => as_doubtful(doing),
        true => doing.with_review_at(strange),
        false => doing,
    }
}

/// Work that only the pane identifies, and until when that reading counts.
fn shown_work(
    case: &SessionEvidence<'_>,
    since: SystemTime,
    now: Timestamp,
) -> Option<(Activity, Timestamp)> {
    let read = case.screens.first()?.last;
    let activity = match fresh_screen(case, now)? {
        ScreenContent::Compacting => Activity::Compacting { since },
        ScreenContent::Retrying {
            attempt,
            of,
            seconds,
        } => {
            let next = seconds.map(|s| read.after(Duration::from_secs(s.into())));
            Activity::Retrying {
                attempt: *attempt,
                of: Some(*of),
                next_at: next.map(Into::into),
                since,
            }
        }
        _ => return None,
    };
    Some((activity, read.after(SCREEN_MAX_AGE)))
}

pub(super) fn as_doubtful(mut doing: DraftActivity) -> DraftActivity {
    doing.doubt = StatusDoubt::Some;
    doing
}

fn at_work(agents: usize) -> Option<String> {
    match agents {
        0 => None,
        1 => Some("1 sub-agent".to_owned()),
        n => Some(format!("{n} sub-agents")),
    }
}

/// What the pane shows; none if the last reading is older than [`SCREEN_MAX_AGE`].
pub(super) fn fresh_screen<'a>(
    case: &SessionEvidence<'a>,
    now: Timestamp,
) -> Option<&'a ScreenContent> {
    let newest = case.screens.first()?;
    (now < newest.last.after(SCREEN_MAX_AGE))
        .then_some(newest.value.shows.as_ref())
        .flatten()
}

/// A free prompt: after work that the user has not seen, after a failed turn, or simply idle.
pub(super) fn draft_free_prompt(
    case: &SessionEvidence<'_>,
    worked: Option<Timestamp>,
    from: Timestamp,
    seen_from: Timestamp,
    say: impl Fn(&str) -> StatusReason,
) -> DraftActivity {
    let ending = TurnEvidence::from_evidence(case).turn_outcome(worked, from);
    let began = case.process.facts.started_at;
    let attended = case.attended_at.is_some_and(|at| at >= seen_from);
    match ending {
        TurnOutcome::Failed { error, at } if at >= began => DraftActivity::active(
            Activity::Failed {
                error,
                since: from.into(),
            },
            say("Claude Code is idle at its prompt, after a failed turn"),
        ),
        TurnOutcome::Unknown | TurnOutcome::Finished if worked.is_some() && !attended => {
            DraftActivity::active(
                Activity::Finished { since: from.into() },
                say("Claude Code is idle at its prompt, after work that you have not looked at"),
            )
        }
        TurnOutcome::Interrupted => DraftActivity::active(
            Activity::Idle { since: from.into() },
            say("Claude Code is idle at its prompt, after an interrupted turn"),
        ),
        _ => DraftActivity::active(
            Activity::Idle { since: from.into() },
            say("Claude Code is idle at its prompt"),
        ),
    }
}
