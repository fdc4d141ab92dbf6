//! What a session does, given what it asks through its hooks.

use super::activity::{Doing, because, busy, until};
use crate::open_requests::{Asks, Open, Stand};
use crate::session::{Need, NeedKind, Source};
use crate::session_evidence::{Case, Word};
use crate::time::Timestamp;
use crate::timing::HOOK_LEADS;

/// What it does, given what it asks.
pub(super) fn upon(case: &Case<'_>, doing: Doing, asks: &mut Asks, now: Timestamp) -> Doing {
    let trust = |need: &Need| need.kind == NeedKind::Trust;
    let waits = doing.need.as_ref().is_some_and(|need| !trust(need));
    let mut soon = None;
    for open in &mut asks.open {
        open.shown = waits
            || open.asking.agent.is_some()
                && match open.stand {
                    Stand::Held(_) => true,
                    Stand::LetGo(at) => {
                        let asked = at.after(HOOK_LEADS);
                        soon = soon.max(Some(asked)).filter(|at| *at > now);
                        now < asked
                    }
                };
    }
    if let Some(at) = soon {
        asks.review(at, now);
    }
    let since = doing.need.as_ref().map(|need| Timestamp::from(need.since));
    // That which can be answered is what is told, and what an answer is offered to.
    let shown = || asks.open.iter().filter(|open| open.shown);
    let held = shown().find(|open| matches!(open.stand, Stand::Held(_)));
    let doing = if let Some(oldest) = held.or_else(|| shown().next()) {
        needing(doing, oldest)
    } else if let Some(at) = answered(case, asks, now).filter(|_| waits) {
        let because = because(
            Source::Hook,
            "the request was answered through Trusty Bar",
            at,
            at,
        );
        let because = until(because, "Claude Code updates its own status, within 1.5 s");
        busy(case, at, because, now).until(at.after(HOOK_LEADS))
    } else {
        // A hook may still tell of what it waits for.
        if let Some(since) = since {
            asks.review(since.after(HOOK_LEADS), now);
        }
        doing
    };
    match asks.review_at {
        Some(at) => doing.until(at),
        None => doing,
    }
}

fn needing(doing: Doing, oldest: &Open) -> Doing {
    let Open {
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
        return Doing {
            need: Some(need),
            ..doing
        };
    }
    let who = agent.as_deref().unwrap_or("the main agent");
    let (text, end) = match oldest.stand {
        Stand::Held(_) => (
            format!("a hook holds a request from {who}, which the terminal does not show yet"),
            "the request is answered or returns to the terminal",
        ),
        Stand::LetGo(_) => (
            format!("a request from {who} was returned to the terminal"),
            "Claude Code updates its own status, within 1.5 s",
        ),
    };
    let because = until(because(Source::Hook, &text, *at, *at), end);
    Doing {
        review_at: doing.review_at,
        ..Doing::needing(need, because)
    }
}

/// When what the registry still waits for was answered from here, if it was a moment ago.
fn answered(case: &Case<'_>, asks: &Asks, now: Timestamp) -> Option<Timestamp> {
    let at = asks.answered_at?;
    let run = case.registry.first()?;
    let of_before = matches!(Word::of(run.value), Word::Need { .. }) && run.first <= at;
    (of_before && now < at.after(HOOK_LEADS)).then_some(at)
}
