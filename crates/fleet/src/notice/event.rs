//! What a session is now that is worth a word, and how long it has worked for it.

use super::NoticeKind;
use crate::request::{RequestId, RequestKind};
use crate::session::{Activity, Need, NeedKind, Session, SessionEnd, SessionStatus};
use std::time::{Duration, SystemTime};

/// What its owner may be told of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationEvent {
    /// What it is about.
    pub kind: NoticeKind,
    /// What tells it from other news of that kind.
    pub mark: EventIdentity,
    /// How long the session has worked for it.
    pub worked: Duration,
}

/// What tells one piece of news of a session from the next of the same kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventIdentity {
    /// The request a hook holds.
    request: Option<RequestId>,
    /// What is needed.
    need: Option<NeedKind>,
    /// `Bash`, and one line about it, and who asks.
    words: [Option<String>; 3],
    /// Since when.
    since: SystemTime,
}

impl NotificationEvent {
    /// What there is to tell of a session, if anything.
    pub fn from_session(session: &Session, turn: &TurnTimer) -> Option<Self> {
        let plain = |kind, since| Self {
            kind,
            mark: EventIdentity {
                request: None,
                need: None,
                words: [None, None, None],
                since,
            },
            worked: turn.worked,
        };
        let because = session.because.as_ref();
        let held = because.map_or(session.last_seen, |b| b.since);
        match (session.status, &session.activity, &session.need) {
            (SessionStatus::AwaitingApproval | SessionStatus::Paused, _, Some(need)) => {
                Some(Self {
                    mark: EventIdentity::from_need(session, need),
                    ..plain(NoticeKind::Needs, need.since)
                })
            }
            (SessionStatus::Stopped, _, _) => match session.end {
                Some(SessionEnd::Killed | SessionEnd::MidTurn) => {
                    Some(plain(NoticeKind::Stopped, held))
                }
                Some(SessionEnd::Requested | SessionEnd::Exited) | None => None,
            },
            (SessionStatus::Active | SessionStatus::Detached, Some(activity), _) => {
                let kind = match activity {
                    // A server that it has started may run for days: its turn is over.
                    Activity::Finished { .. } | Activity::BackgroundShell { .. } => {
                        NoticeKind::Finished
                    }
                    Activity::Failed { .. } => NoticeKind::Failed,
                    _ => return None,
                };
                Some(plain(kind, activity.since()))
            }
            _ => None,
        }
    }

    /// Whether this is what was there a moment ago, though it may be told in other words now.
    pub(super) fn continues(&self, before: &Self) -> bool {
        let (now, then) = (&self.mark, &before.mark);
        self.kind == before.kind
            && match (&now.request, &then.request) {
                (Some(now), Some(then)) => now == then,
                _ => now.may_mean(then),
            }
    }

    /// Whether this is what was there some time ago.
    pub(super) fn is_again(&self, before: &Self) -> bool {
        self.continues(before)
            && (self.mark.request.is_some() && self.mark.request == before.mark.request
                || self.mark.since == before.mark.since)
    }
}

impl EventIdentity {
    fn from_need(session: &Session, need: &Need) -> Self {
        Self {
            request: first_held_request(session).map(|(id, _)| id.clone()),
            need: Some(need.kind),
            words: [need.tool.clone(), need.detail.clone(), need.agent.clone()],
            since: need.since,
        }
    }

    /// Whether it began at another time.
    pub(super) fn is_later(&self, other: &Self) -> bool {
        self.since != other.since
    }

    /// Words may come later than the need. Where they are there, they are the same.
    fn may_mean(&self, other: &Self) -> bool {
        let pairs = self.words.iter().zip(&other.words);
        let same =
            |(a, b): (&Option<String>, &Option<String>)| a.is_none() || b.is_none() || a == b;
        let told = self.words[0].is_some() && other.words[0].is_some();
        (self.need == other.need || !told) && pairs.into_iter().all(same)
    }
}

/// The request to be answered first, if a hook holds it, and what it asks.
pub(super) fn first_held_request(session: &Session) -> Option<(&RequestId, RequestKind)> {
    let first = session.requests.iter().find(|request| request.held)?;
    Some((&first.id, first.kind))
}

/// How long a session has worked since its prompt was free.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TurnTimer {
    worked: Duration,
    since: Option<SystemTime>,
    over: bool,
}

impl TurnTimer {
    /// The session is like this now.
    pub fn go_on(&mut self, session: &Session) {
        let up = matches!(
            session.status,
            SessionStatus::Active | SessionStatus::Detached
        );
        let activity = session.activity.as_ref().filter(|_| up);
        let at_work = activity.filter(|a| {
            matches!(
                a,
                Activity::Working { .. } | Activity::Compacting { .. } | Activity::Retrying { .. }
            )
        });
        match (self.since, at_work) {
            (None, Some(work)) => {
                if std::mem::take(&mut self.over) {
                    self.worked = Duration::ZERO;
                }
                self.since = Some(work.since());
            }
            (Some(since), None) => {
                let end = left_at(session);
                self.worked += end.duration_since(since).unwrap_or_default();
                self.since = None;
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        // A menu may be opened while a turn runs.
        let menu = matches!(activity, Some(Activity::MenuOpen { .. }));
        self.over |= activity.is_some() && at_work.is_none() && !menu;
    }
}

/// When it stopped working, if it did.
fn left_at(session: &Session) -> SystemTime {
    let need = session.need.as_ref().map(|n| n.since);
    let activity = session.activity.as_ref().map(Activity::since);
    let held = session.because.as_ref().map(|b| b.since);
    let at = match session.status {
        SessionStatus::AwaitingApproval => need,
        SessionStatus::Active | SessionStatus::Detached => activity,
        SessionStatus::Paused => session.paused_at,
        SessionStatus::Starting | SessionStatus::Stopped => None,
    };
    at.or(held).unwrap_or(session.last_seen)
}
