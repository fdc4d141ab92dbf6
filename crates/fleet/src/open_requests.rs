//! What a session asks through its hooks: what is open, what is held, what is over. A function of
//! the evidence and the time.
//!
//! A request is over with its own call, with the turn of whoever asked, when its client ended its
//! hook, or when its dialog has left the screen. Requests queue, and none ends another.

use crate::evidence::{Held, Run};
use crate::observation::{Happened, Holding, RegistryEntry};
use crate::request::{Asking, Over};
use crate::session_evidence::{Case, Channel, Content, Word};
use crate::time::Timestamp;
use crate::timing::SLACK;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A registry that is late says `busy` of before, and one that is ahead has said `waiting`
/// already. After this it is right, on a machine with much to do, too.
const SETTLED: Duration = Duration::from_secs(5);
/// So much may the registry be ahead of a hook (measured: 40 ms, on a quiet machine).
const EARLY: Duration = Duration::from_millis(600);

/// A request that is not over.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// When it was asked.
    pub at: Timestamp,
    /// What.
    pub asking: Asking,
    /// The sub-agent that asks, in words; none for the main agent.
    pub agent: Option<String>,
    /// Where it is.
    pub stand: Stand,
    /// Whether its session is known to wait for it.
    pub shown: bool,
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Its hook waits for an answer: until then, or for as long as its client waits.
    Held(Option<Timestamp>),
    /// Its hook was let go at this time, or is about to be: its terminal asks.
    LetGo(Timestamp),
}

/// The requests of a session.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    /// Those that are not over, the oldest first.
    pub(crate) open: Vec<Open>,
    /// When one was last answered from here.
    pub(crate) answered_at: Option<Timestamp>,
    /// When any of it may change by itself.
    pub(crate) review_at: Option<Timestamp>,
}

impl Asks {
    /// Schedules a review at `at`, if that is still to come.
    pub(crate) fn review(&mut self, at: Timestamp, now: Timestamp) {
        if at > now {
            self.review_at = Some(self.review_at.map_or(at, |known| known.min(at)));
        }
    }
}

/// What is open.
pub(crate) fn of(case: &Case<'_>, now: Timestamp) -> Asks {
    let mut asks = Asks::default();
    let Some(requests) = case.requests else {
        return asks;
    };
    let content = Content::of(case);
    let mut calls = Calls::of(case, &content);
    for (at, asking, held) in requests.oldest_first() {
        let call = calls.claim(at, asking, held.over.map(|(over, _)| over));
        if let Some((over, Over::Answered)) = held.over {
            asks.answered_at = asks.answered_at.max(Some(over));
        }
        let Some(stand) = stand(case, at, asking, held, now) else {
            continue;
        };
        if call.is_some_and(|id| calls.has_ended(id)) || is_left(case, &content, at, asking) {
            continue;
        }
        if let Some(since) = on_screen_since(at, asking, stand) {
            match left_screen(&case.registry, since, now) {
                Left::Yes => continue,
                Left::By(due) => asks.review(due, now),
                Left::No => {}
            }
        }
        if let Stand::Held(Some(until)) = stand {
            asks.review(until, now);
        }
        let agent = asking.agent.as_deref().map(|id| {
            let named = content.known_name(id).or_else(|| asking.agent_type.clone());
            named.unwrap_or_else(|| "a sub-agent".to_owned())
        });
        asks.open.push(Open {
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
fn stand(
    case: &Case<'_>,
    at: Timestamp,
    asking: &Asking,
    held: &Held,
    now: Timestamp,
) -> Option<Stand> {
    let let_go = match held.over {
        Some((_, Over::Answered | Over::HungUp)) => return None,
        Some((at, Over::Released)) => return Some(Stand::LetGo(at)),
        None => hold_ends(case, at, asking),
    };
    Some(match let_go {
        Some(end) if now >= end => Stand::LetGo(end),
        end => Stand::Held(end),
    })
}

/// When a hold ends by itself.
fn hold_ends(case: &Case<'_>, at: Timestamp, asking: &Asking) -> Option<Timestamp> {
    let wished = match asking.agent {
        None => case.preferences.hold,
        Some(_) => case.preferences.hold_agents,
    };
    match (case.channel, wished) {
        (Channel::Closed, _) => Some(at),
        (Channel::Open, Holding::UntilAnswered) => None,
        (Channel::Open, Holding::Seconds(s)) => Some(at.after(Duration::from_secs(s.into()))),
    }
}

/// When a call began, its fingerprint, whose it is, and its id.
type Begun<'a> = (Timestamp, &'a str, Option<&'a str>, &'a str);

/// The calls that hooks told of, and which of them have ended.
struct Calls<'a> {
    begun: Vec<Begun<'a>>,
    ended: BTreeMap<&'a str, Timestamp>,
    results: BTreeSet<&'a str>,
    claimed: BTreeSet<&'a str>,
}

impl<'a> Calls<'a> {
    fn of(case: &Case<'a>, content: &Content<'a>) -> Self {
        let mut calls = Self {
            begun: Vec::new(),
            ended: BTreeMap::new(),
            results: BTreeSet::new(),
            claimed: BTreeSet::new(),
        };
        for (at, event) in content.told() {
            match &event.what {
                Happened::ToolStarting(call) => {
                    if let Some(print) = &event.call {
                        let agent = event.agent.as_deref();
                        calls.begun.push((at, &print.0, agent, &call.id));
                    }
                }
                Happened::ToolEnded { id } => {
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
    fn claim(
        &mut self,
        at: Timestamp,
        asking: &Asking,
        over: Option<Timestamp>,
    ) -> Option<&'a str> {
        let agent = asking.agent.as_deref();
        let fits = |(begun, print, of, id): &&Begun<'a>| {
            over.is_none_or(|over| *begun <= over)
                && *print == asking.call.0
                && *of == agent
                && !self.claimed.contains(id)
                && self.ended.get(id).is_none_or(|ended| *ended > at)
        };
        let fitting = self.begun.iter().filter(fits);
        let (before, after): (Vec<&Begun<'a>>, Vec<&Begun<'a>>) =
            fitting.partition(|(begun, ..)| *begun <= at);
        let open = before.iter().find(|(.., id)| !self.results.contains(id));
        let mut newest = before.iter().rev();
        let done = newest.find(|(.., id)| self.results.contains(id));
        // A hook that was late tells of a call after it was asked for.
        let late = after
            .first()
            .filter(|(begun, ..)| *begun <= at.after(SLACK));
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
fn is_left(case: &Case<'_>, content: &Content<'_>, at: Timestamp, asking: &Asking) -> bool {
    let agent = asking.agent.as_deref();
    let by_hook = content
        .told()
        .take_while(|(told, _)| *told > at)
        .any(|(_, event)| match (&event.what, agent) {
            // A compaction, `/clear` or `/resume` begins another session; sub-agents outlive all
            // three and ask on (measured, 2.1.330).
            (
                Happened::SessionEnded
                | Happened::SessionStarted
                | Happened::Prompted
                | Happened::Stopped { .. }
                | Happened::Failed { .. },
                None,
            ) => event.agent.is_none(),
            (Happened::AgentEnded, Some(id)) => event.agent.as_deref() == Some(id),
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
fn on_screen_since(at: Timestamp, asking: &Asking, stand: Stand) -> Option<Timestamp> {
    match (&asking.agent, stand) {
        (None, _) => Some(at),
        (Some(_), Stand::LetGo(at)) => Some(at),
        (Some(_), Stand::Held(_)) => None,
    }
}

/// Whether a dialog has left the screen.
enum Left {
    Yes,
    No,
    /// It has by then, unless the registry says otherwise before.
    By(Timestamp),
}

/// Whether the registry has stopped to say that it waits for a dialog that is on the screen since
/// then.
fn left_screen(runs: &[Run<'_, RegistryEntry>], since: Timestamp, now: Timestamp) -> Left {
    let settled = since.after(SETTLED);
    let mut newer: Option<Timestamp> = None;
    for (n, run) in runs.iter().enumerate() {
        let end = newer.unwrap_or(now);
        newer = Some(run.first);
        if end <= since {
            break;
        }
        if !rests(run.value) {
            continue;
        }
        // What ended before it was the wait for another.
        let waited_before = runs[n..].windows(2).any(|pair| {
            let (after, older) = (&pair[0], &pair[1]);
            waits(older.value) && after.first > since && older.first.after(EARLY) >= since
        });
        if waited_before || end >= settled {
            return Left::Yes;
        }
        if n == 0 {
            return Left::By(settled);
        }
    }
    Left::No
}

fn waits(entry: &RegistryEntry) -> bool {
    matches!(
        Word::of(entry),
        Word::Need { .. } | Word::Menu | Word::UnknownWait(_)
    )
}

fn rests(entry: &RegistryEntry) -> bool {
    matches!(Word::of(entry), Word::Busy | Word::Idle | Word::Shell)
}
