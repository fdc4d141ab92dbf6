//! The requests that a session makes through its hooks: which are open, held or over. A function of
//! the evidence and the time.
//!
//! A request is over when its tool call ends, when the turn of the agent that asked ends, when
//! Claude Code ends the hook, or when the dialog has left the screen. Requests queue, and none ends
//! another.

use crate::evidence::{FiledRequest, ValueRun};
use crate::observation::{HoldDuration, HookEventKind, RegistryEntry};
use crate::request::{HookOutcome, PermissionRequest};
use crate::session_evidence::{AnswerReachability, SessionEvidence, StatusWord, TurnEvidence};
use crate::time::Timestamp;
use crate::timing::RECORD_TIME_SLACK;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the registry is not trusted after a dialog opens: a late registry still says `busy`
/// from before, and an early one has already said `waiting`. After this time the registry is right,
/// even on a busy machine.
const REGISTRY_SETTLE_TIME: Duration = Duration::from_secs(5);
/// How far the registry may be ahead of a hook (measured: 40 ms, on a quiet machine).
const REGISTRY_LEAD_TIME: Duration = Duration::from_millis(600);

/// A request that is not over.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRequest {
    /// When the request was made.
    pub at: Timestamp,
    /// The request.
    pub asking: PermissionRequest,
    /// The name of the sub-agent that asks; none for the main agent.
    pub agent: Option<String>,
    /// Whether a hook holds the request.
    pub stand: RequestState,
    /// Whether the session is known to wait for this request.
    pub shown: bool,
}

/// Whether a hook holds an open request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// The hook waits for an answer: until this time, or for as long as Claude Code waits.
    Held(Option<Timestamp>),
    /// The hook returned the request to the terminal at this time, or is about to.
    Returned(Timestamp),
}

/// The open requests of a session.
#[derive(Debug, Default)]
pub(crate) struct OpenRequests {
    /// The requests that are not over, oldest first.
    pub(crate) open: Vec<OpenRequest>,
    /// When a request was last answered through Trusty Bar.
    pub(crate) answered_at: Option<Timestamp>,
    /// When any of these requests may change without a new fact.
    pub(crate) review_at: Option<Timestamp>,
}

impl OpenRequests {
    /// Schedules a review at `at`, if that time has not passed.
    pub(crate) fn review(&mut self, at: Timestamp, now: Timestamp) {
        if at > now {
            self.review_at = Some(self.review_at.map_or(at, |known| known.min(at)));
        }
    }
}

/// The requests of a session that are not over at `now`.
pub(crate) fn open_requests(case: &SessionEvidence<'_>, now: Timestamp) -> OpenRequests {
    let mut asks = OpenRequests::default();
    let Some(requests) = case.requests else {
        return asks;
    };
    let content = TurnEvidence::from_evidence(case);
    let mut calls = ToolCallIndex::from_evidence(case, &content);
    for (at, asking, held) in requests.oldest_first() {
        let call = calls.claim_call(at, asking, held.over.map(|(over, _)| over));
        if let Some((over, HookOutcome::Answered)) = held.over {
            asks.answered_at = asks.answered_at.max(Some(over));
        }
        let Some(stand) = request_state(case, at, asking, held, now) else {
            continue;
        };
        if call.is_some_and(|id| calls.has_ended(id)) || is_left(case, &content, at, asking) {
            continue;
        }
        if let Some(since) = on_screen_since(at, asking, stand) {
            match left_screen(&case.registry, since, now) {
                DialogClosure::Closed => continue,
                DialogClosure::ClosedBy(due) => asks.review(due, now),
                DialogClosure::Open => {}
            }
        }
        if let RequestState::Held(Some(until)) = stand {
            asks.review(until, now);
        }
        let agent = asking.agent.as_deref().map(|id| {
            let named = content.known_name(id).or_else(|| asking.agent_type.clone());
            named.unwrap_or_else(|| "a sub-agent".to_owned())
        });
        asks.open.push(OpenRequest {
            at,
            asking: asking.clone(),
            agent,
            stand,
            shown: false,
        });
    }
    asks
}

/// Whether a request is held; none if the outcome of its hook shows that the request is over.
fn request_state(
    case: &SessionEvidence<'_>,
    at: Timestamp,
    asking: &PermissionRequest,
    held: &FiledRequest,
    now: Timestamp,
) -> Option<RequestState> {
    let let_go = match held.over {
        Some((_, HookOutcome::Answered | HookOutcome::HungUp)) => return None,
        Some((at, HookOutcome::Released)) => return Some(RequestState::Returned(at)),
        None => hold_ends(case, at, asking),
    };
    Some(match let_go {
        Some(end) if now >= end => RequestState::Returned(end),
        end => RequestState::Held(end),
    })
}

/// When the hold of a request expires by itself.
fn hold_ends(
    case: &SessionEvidence<'_>,
    at: Timestamp,
    asking: &PermissionRequest,
) -> Option<Timestamp> {
    let wished = match asking.agent {
        None => case.preferences.hold,
        Some(_) => case.preferences.hold_agents,
    };
    match (case.channel, wished) {
        (AnswerReachability::Closed, _) => Some(at),
        (AnswerReachability::Open, HoldDuration::UntilAnswered) => None,
        (AnswerReachability::Open, HoldDuration::Seconds(s)) => {
            Some(at.after(Duration::from_secs(s.into())))
        }
    }
}

/// The start of a call, the hash of its tool and input, the agent that made it, and its id.
type BegunCall<'a> = (Timestamp, &'a str, Option<&'a str>, &'a str);

/// The calls that hooks reported, and which of them have ended.
struct ToolCallIndex<'a> {
    begun: Vec<BegunCall<'a>>,
    ended: BTreeMap<&'a str, Timestamp>,
    results: BTreeSet<&'a str>,
    claimed: BTreeSet<&'a str>,
}

impl<'a> ToolCallIndex<'a> {
    fn from_evidence(case: &SessionEvidence<'a>, content: &TurnEvidence<'a>) -> Self {
        let mut calls = Self {
            begun: Vec::new(),
            ended: BTreeMap::new(),
            results: BTreeSet::new(),
            claimed: BTreeSet::new(),
        };
        for (at, event) in content.hook_events() {
            match &event.what {
                HookEventKind::ToolStarting(call) => {
                    if let Some(print) = &event.call {
                        let agent = event.agent.as_deref();
                        calls.begun.push((at, &print.0, agent, &call.id));
                    }
                }
                HookEventKind::ToolEnded { id } => {
                    calls.ended.insert(id, at);
                }
                _ => {}
            }
        }
        calls.begun.reverse();
        let results = case.transcript.map_or(&[][..], |(_, t)| &t.results);
        calls.results = results.iter().map(String::as_str).collect();
        calls
    }

    /// The id of the call that a request is about: a call of the same agent, tool and input that
    /// had not ended when the request was made, that began before the hook was over, and that no
    /// earlier request has claimed.
    ///
    /// Once the hook is over, the call usually has a result, and the newest such call is taken,
    /// because results carry no time. While the hook is held, the call has no result, and the
    /// oldest is taken.
    fn claim_call(
        &mut self,
        at: Timestamp,
        asking: &PermissionRequest,
        over: Option<Timestamp>,
    ) -> Option<&'a str> {
        let agent = asking.agent.as_deref();
        let fits = |(begun, print, of, id): &&BegunCall<'a>| {
            over.is_none_or(|over| *begun <= over)
                && *print == asking.call.0
                && *of == agent
                && !self.claimed.contains(id)
                && self.ended.get(id).is_none_or(|ended| *ended > at)
        };
        let fitting = self.begun.iter().filter(fits);
        let (before, after): (Vec<&BegunCall<'a>>, Vec<&BegunCall<'a>>) =
            fitting.partition(|(begun, ..)| *begun <= at);
        let open = before.iter().find(|(.., id)| !self.results.contains(id));
        let mut newest = before.iter().rev();
        let done = newest.find(|(.., id)| self.results.contains(id));
        // A late hook reports a call only after its request was made.
        let late = after
            .first()
            .filter(|(begun, ..)| *begun <= at.after(RECORD_TIME_SLACK));
        let known = if over.is_some() {
            done.or(open)
        } else {
            open.or(done)
        };
        let (_, _, _, id) = known.or(late)?;
        self.claimed.insert(id);
        Some(id)
    }

    fn has_ended(&self, id: &str) -> bool {
        self.ended.contains_key(id) || self.results.contains(id)
    }
}

/// Whether the turn of the agent that asked has ended since the request.
fn is_left(
    case: &SessionEvidence<'_>,
    content: &TurnEvidence<'_>,
    at: Timestamp,
    asking: &PermissionRequest,
) -> bool {
    let agent = asking.agent.as_deref();
    let by_hook = content
        .hook_events()
        .take_while(|(told, _)| *told > at)
        .any(|(_, event)| match (&event.what, agent) {
            // A compaction, `/clear` or `/resume` begins another session. Sub-agents outlive all
            // three and continue to ask (measured, 2.1.330).
            (
                HookEventKind::SessionEnded
                | HookEventKind::SessionStarted
                | HookEventKind::Prompted
                | HookEventKind::Stopped { .. }
                | HookEventKind::Failed { .. },
                None,
            ) => event.agent.is_none(),
            (HookEventKind::AgentEnded, Some(id)) => event.agent.as_deref() == Some(id),
            _ => false,
        });
    let by_transcript = agent.is_none()
        && case.transcript.is_some_and(|(_, said)| {
            let ended = said.end.as_ref().is_some_and(|end| end.at > at);
            ended || said.turn_at.is_some_and(|turn| turn > at)
        });
    let other_session = agent.is_none()
        && case.registry.first().is_some_and(|run| {
            let id = run.value.session_id.as_ref();
            run.first > at && id.is_some_and(|id| *id != asking.session_id)
        });
    by_hook || by_transcript || other_session
}

/// Since when the dialog may be on the screen. The dialog of a sub-agent opens only once its hook
/// has returned the request.
fn on_screen_since(
    at: Timestamp,
    asking: &PermissionRequest,
    stand: RequestState,
) -> Option<Timestamp> {
    match (&asking.agent, stand) {
        (None, _) => Some(at),
        (Some(_), RequestState::Returned(at)) => Some(at),
        (Some(_), RequestState::Held(_)) => None,
    }
}

/// Whether a dialog has left the screen.
enum DialogClosure {
    Closed,
    Open,
    /// Yes by this time, unless the registry says otherwise before.
    ClosedBy(Timestamp),
}

/// Whether the registry has stopped reporting a wait for a dialog that has been on the screen since
/// `since`.
fn left_screen(
    runs: &[ValueRun<'_, RegistryEntry>],
    since: Timestamp,
    now: Timestamp,
) -> DialogClosure {
    let settled = since.after(REGISTRY_SETTLE_TIME);
    let mut newer: Option<Timestamp> = None;
    for (n, run) in runs.iter().enumerate() {
        let end = newer.unwrap_or(now);
        newer = Some(run.first);
        if end <= since {
            break;
        }
        if !is_past_dialog(run.value) {
            continue;
        }
        // A wait that ended earlier was for another dialog.
        let waited_before = runs[n..].windows(2).any(|pair| {
            let (after, older) = (&pair[0], &pair[1]);
            is_waiting(older.value)
                && after.first > since
                && older.first.after(REGISTRY_LEAD_TIME) >= since
        });
        if waited_before || end >= settled {
            return DialogClosure::Closed;
        }
        if n == 0 {
            return DialogClosure::ClosedBy(settled);
        }
    }
    DialogClosure::Open
}

fn is_waiting(entry: &RegistryEntry) -> bool {
    matches!(
        StatusWord::from_entry(entry),
        StatusWord::Need { .. } | StatusWord::Menu | StatusWord::UnknownWait(_)
    )
}

fn is_past_dialog(entry: &RegistryEntry) -> bool {
    matches!(
        StatusWord::from_entry(entry),
        StatusWord::Busy | StatusWord::Idle | StatusWord::Shell
    )
}
