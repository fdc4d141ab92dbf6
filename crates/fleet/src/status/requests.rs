//! What a session does, given its requests.

use super::activity::{DraftActivity, busy, status_reason, with_until_text};
use crate::open_requests::{OpenRequest, OpenRequests, RequestState};
use crate::session::{Need, NeedKind, Source};
use crate::session_evidence::{SessionEvidence, StatusWord};
use crate::time::Timestamp;
use crate::timing::HOOK_LEAD_TIME;

/// Combines what a session does with its open requests, and marks the requests that it waits for.
pub(super) fn apply_requests(
    case: &SessionEvidence<'_>,
    doing: DraftActivity,
    asks: &mut OpenRequests,
    now: Timestamp,
) -> DraftActivity {
    let trust = |need: &Need| need.kind == NeedKind::Trust;
    let waits = doing.need.as_ref().is_some_and(|need| !trust(need));
    let mut soon = None;
    for open in &mut asks.open {
        open.shown = waits
            || open.asking.agent.is_some()
                && match open.stand {
                    RequestState::Held(_) => true,
                    RequestState::Returned(at) => {
                        let asked = at.after(HOOK_LEAD_TIME);
                        soon = soon.max(Some(asked)).filter(|at| *at > now);
                        now < asked
                    }
                };
    }
    if let Some(at) = soon {
        asks.review(at, now);
    }
    let since = doing.need.as_ref().map(|need| Timestamp::from(need.since));
    // A request that can be answered goes first, so that the shown need is the one to answer.
    let shown = || asks.open.iter().filter(|open| open.shown);
    let held = shown().find(|open| matches!(open.stand, RequestState::Held(_)));
    let doing = if let Some(oldest) = held.or_else(|| shown().next()) {
        with_open_request(doing, oldest)
    } else if let Some(at) = answered_at(case, asks, now).filter(|_| waits) {
        let because = status_reason(
            Source::Hook,
            "the request was answered through Trusty Bar",
            at,
            at,
        );
        let because = with_until_text(because, "Claude Code updates its own status, within 1.5 s");
        busy(case, at, because, now).with_review_at(at.after(HOOK_LEAD_TIME))
    } else {
        // A hook may still report the request behind the need.
        if let Some(since) = since {
            asks.review(since.after(HOOK_LEAD_TIME), now);
        }
        doing
    };
    match asks.review_at {
        Some(at) => doing.with_review_at(at),
        None => doing,
    }
}

fn with_open_request(doing: DraftActivity, oldest: &OpenRequest) -> DraftActivity {
    let OpenRequest {
        at, asking, agent, ..
    } = oldest;
    let need = Need {
        kind: asking.kind.into(),
        tool: Some(asking.tool.clone()),
        detail: asking.detail.clone(),
        agent: agent.clone(),
        elsewhere: None,
        since: (*at).into(),
    };
    if doing.need.is_some() {
        return DraftActivity {
            need: Some(need),
            ..doing
        };
    }
    let who = agent.as_deref().unwrap_or("the main agent");
    let (text, end) = match oldest.stand {
        RequestState::Held(_) => (
            format!("a hook holds a request from {who}, which the terminal does not show yet"),
            "the request is answered or returns to the terminal",
        ),
        RequestState::Returned(_) => (
            format!("a request from {who} was returned to the terminal"),
            "Claude Code updates its own status, within 1.5 s",
        ),
    };
    let because = with_until_text(status_reason(Source::Hook, &text, *at, *at), end);
    DraftActivity {
        review_at: doing.review_at,
        ..DraftActivity::with_need(need, because)
    }
}

/// When the request that the registry still waits for was answered through Trusty Bar; none unless
/// within [`HOOK_LEAD_TIME`].
fn answered_at(
    case: &SessionEvidence<'_>,
    asks: &OpenRequests,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = asks.answered_at?;
    let run = case.registry.first()?;
    let of_before =
        matches!(StatusWord::from_entry(run.value), StatusWord::Need { .. }) && run.first <= at;
    (of_before && now < at.after(HOOK_LEAD_TIME)).then_some(at)
}
