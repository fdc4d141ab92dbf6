//! What a session asks through its hooks: what is open, what is held, what is over. A function of
//! the evidence and the time.
//!
//! A request is over with its own call, with the turn of whoever asked, when its client ended its
//! hook, or when its dialog has left the screen. Requests queue, and none ends another.

use crate::evidence::{FiledRequest, ValueRun};
use crate::observation::{HoldDuration, HookEventKind, RegistryEntry};
use crate::request::{HookOutcome, PermissionRequest};
use crate::session_evidence::{AnswerReachability, SessionEvidence, StatusWord, TurnEvidence};
use crate::time::Timestamp;
use crate::timing::RECORD_TIME_SLACK;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A registry that is late says `busy` of before, and one that is ahead has said `waiting`
/// already. After this it is right, on a machine with much to do, too.
const REGISTRY_SETTLE_TIME: Duration = Duration::from_secs(5);
/// So much may the registry be ahead of a hook (measured: 40 ms, on a quiet machine).
const REGISTRY_LEAD_TIME: Duration = Duration::from_millis(600);

/// A request that is not over.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRequest {
    /// When it was asked.
    pub at: Timestamp,
    /// What.
    pub asking: PermissionRequest,
    /// The sub-agent that asks, in words; none for the main agent.
    pub agent: Option<String>,
    /// Where it is.
    pub stand: RequestState,
    /// Whether its session is known to wait for it.
    pub shown: bool,
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Its hook waits for an answer: until then, or for as long as its client waits.
    Held(Option<Timestamp>),
    /// Its hook was let go at this time, or is about to be: its terminal asks.
    Returned(Timestamp),
}

/// The requests of a session.
#[derive(Debug, Default)]
pub(crate) struct OpenRequests {
    /// Those that are not over, the oldest first.
    pub(crate) open: Vec<OpenRequest>,
    /// When one was last answered from here.
    pub(crate) answered_at: Option<Timestamp>,
    /// When any of it may change by itself.
    pub(crate) review_at: Option<Timestamp>,
}

impl OpenRequests {
    /// Schedules a review at `at`, if that is still to come.
    pub(crate) fn review(&mut self, at: Timestamp, now: Timestamp) {
        if at > now {
            self.review_at = Some(self.review_at.map_or(at, |known| known.min(at)));
        }
    }
}

/// What is open.
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

/// Whether it is held; nothing if it is over by what became of its hook.
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

/// When a hold ends by itself.
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

/// When a call began, its fingerprint, whose it is, and its id.
type BegunCall<'a> = (Timestamp, &'a str, Option<&'a str>, &'a str);

/// The calls that hooks told of, and which of them have ended.
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

    /// The call that a request is about: one of the same agent, tool and input that had not ended
    /// when it was asked, that began before its hook was over, and that no earlier request is
    /// about. One whose hook is over has mostly a result, and the newest is taken, for results
    /// have no time; one that is held has none, and the oldest is taken.
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
        // A hook that was late tells of a call after it was asked for.
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

/// Whether the turn of whoever asked has ended since.
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
            // A compaction, `/clear` or `/resume` begins another session; sub-agents outlive all
            // three and ask on (measured, 2.1.330).
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

/// Since when its dialog may be on the screen: that of a sub-agent comes once its hook is let go.
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
    /// It has by then, unless the registry says otherwise before.
    ClosedBy(Timestamp),
}

/// Whether the registry has stopped to say that it waits for a dialog that is on the screen since
/// then.
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
        // What ended before it was the wait for another.
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
