//! What is worth a notice in a session's state, and how long the session has worked.

use super::NoticeKind;
use crate::request::{RequestId, RequestKind};
use crate::session::{Activity, Need, NeedKind, Session, SessionEnd, SessionStatus};
use std::time::{Duration, SystemTime};

/// A state of a session that the user may be notified of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationEvent {
    /// The kind of the news.
    pub kind: NoticeKind,
    /// What distinguishes this news from other news of the same kind.
    pub mark: EventIdentity,
    /// How long the session has worked before.
    pub worked: Duration,
}

/// What distinguishes one piece of a session's news from the next of the same kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventIdentity {
    /// The request that a hook holds.
    request: Option<RequestId>,
    /// What the session needs.
    need: Option<NeedKind>,
    /// The tool, one line about the call, and the sub-agent that asks.
    words: [Option<String>; 3],
    /// When the state began.
    since: SystemTime,
}

impl NotificationEvent {
    /// The news in a session's state, if any.
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
                    // A background shell, such as a server, may run for days; the turn is over.
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

    /// Whether this is the same news as a moment ago, though the words may differ.
    pub(super) fn continues(&self, before: &Self) -> bool {
        let (now, then) = (&self.mark, &before.mark);
        self.kind == before.kind
            && match (&now.request, &then.request) {
                (Some(now), Some(then)) => now == then,
                _ => now.may_mean(then),
            }
    }

    /// Whether this is the same news as one that was over for a while.
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

    /// Whether the two began at different times.
    pub(super) fn is_later(&self, other: &Self) -> bool {
        self.since != other.since
    }

    /// Whether the two may be the same need. Words may arrive later than the need; where both have
    /// them, they have to be equal.
    fn may_mean(&self, other: &Self) -> bool {
        let pairs = self.words.iter().zip(&other.words);
        let same =
            |(a, b): (&Option<String>, &Option<String>)| a.is_none() || b.is_none() || a == b;
        let told = self.words[0].is_some() && other.words[0].is_some();
        (self.need == other.need || !told) && pairs.into_iter().all(same)
    }
}

/// The first request that is to be answered and that a hook holds, with its kind.
pub(super) fn first_held_request(session: &Session) -> Option<(&RequestId, RequestKind)> {
    let first = session.requests.iter().find(|request| request.held)?;
    Some((&first.id, first.kind))
}

/// How long a session has worked since its prompt was last free.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TurnTimer {
    worked: Duration,
    since: Option<SystemTime>,
    over: bool,
}

impl TurnTimer {
    /// Takes in the current state of the session.
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
        // The user may open a menu while a turn runs.
        let menu = matches!(activity, Some(Activity::MenuOpen { .. }));
        self.over |= activity.is_some() && at_work.is_none() && !menu;
    }
}

/// When the session stopped working.
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
