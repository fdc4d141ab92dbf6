//! One session, as the book knows it: its news, and what has become of it.

use super::event::TurnTimer;
use super::{
    Notice, NoticeKind, NoticePreferences, NoticeSlot, NotificationEvent, RequestCards,
    SETTLE_DELAY, Suppressed, UserContext, check_suppression, words,
};
use crate::identity::SessionId;
use crate::row::Row;
use crate::session::{Session, SessionStatus};
use crate::time::Timestamp;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

/// Needs of one session that are remembered after their end.
const MAX_MET_NEEDS: usize = 16;
/// What is held back is looked at again after this at the latest: clocks are set.
const RECHECK_INTERVAL: Duration = Duration::from_mins(10);

/// One session, as the book knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionNotices {
    pub(super) turn: TurnTimer,
    pub(super) standing: Option<NoticeEntry>,
    /// Needs that were told or passed over, and are over; the newest last.
    met: VecDeque<NotificationEvent>,
    /// No snapshot knows it any more.
    pub(super) gone: bool,
}

/// The news of a session.
#[derive(Debug, Clone)]
pub(super) struct NoticeEntry {
    pub(super) news: NotificationEvent,
    pub(super) state: NoticeState,
    /// Since when it is not so any more.
    pub(super) over_at: Option<Timestamp>,
    /// It was told once more, to a server that had forgotten it.
    pub(super) again: bool,
    /// Its words, for as long as there is a row to take them from; the last ones after that.
    pub(super) words: Option<Notice>,
    /// What tells its session from others of the same name.
    mark: Option<String>,
}

/// What has become of a piece of news.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NoticeState {
    /// It may resolve itself before then.
    Fresh(Timestamp),
    /// Not told yet, for a reason that passes; by then at the latest.
    Held(Suppressed, Option<Timestamp>),
    /// Its owner is told.
    Delivered(DeliveredNotice),
    /// Its owner is not told.
    Dropped,
}

/// How its owner was told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeliveredNotice {
    pub(super) at: Timestamp,
    pub(super) how: DeliveryState,
    /// It is told together with others.
    pub(super) together: bool,
}

/// How far a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    /// It is yet to be shown.
    Queued,
    /// It is shown.
    Shown,
    /// It was put away by its owner, or is not to be shown any more.
    Closed,
    /// Nobody was there to show it.
    NoServer,
}

impl SessionNotices {
    /// What there is to tell of it now.
    pub(super) fn file(&mut self, news: Option<NotificationEvent>, unseen: bool, now: Timestamp) {
        self.close_if_over(now);
        match (&mut self.standing, news) {
            (None, None) => {}
            (Some(standing), None) => {
                standing.over_at.get_or_insert(now);
            }
            (Some(standing), Some(news)) if news.continues(&standing.news) => {
                let another = news.mark.is_later(&standing.news.mark);
                let open = !standing.was_decided() || standing.was_put_away();
                if standing.over_at.take().is_some() && another && open {
                    standing.state = NoticeState::Fresh(now.after(SETTLE_DELAY));
                }
                // How long it has worked for it was decided when it began.
                let worked = standing.news.worked;
                standing.news = NotificationEvent { worked, ..news };
            }
            (before, Some(news)) => {
                let replaced = before.take();
                self.remember(replaced);
                self.standing = Some(NoticeEntry {
                    news,
                    state: if unseen {
                        NoticeState::Held(Suppressed::NotNews, Some(now))
                    } else {
                        NoticeState::Fresh(now.after(SETTLE_DELAY))
                    },
                    over_at: None,
                    again: false,
                    words: None,
                    mark: None,
                });
            }
        }
    }

    /// What was over for long enough is.
    pub(super) fn close_if_over(&mut self, now: Timestamp) {
        let is_over = |s: &NoticeEntry| s.over_at.is_some_and(|at| at.after(SETTLE_DELAY) <= now);
        if self.standing.as_ref().is_some_and(is_over) {
            let over = self.standing.take();
            self.remember(over);
        }
    }

    fn remember(&mut self, over: Option<NoticeEntry>) {
        let over = over.filter(|s| s.was_decided() && s.news.kind == NoticeKind::Needs);
        self.met.extend(over.map(|standing| standing.news));
        while self.met.len() > MAX_MET_NEEDS {
            self.met.pop_front();
        }
    }

    /// What waited for the end of a pause waits no more.
    pub(super) fn resume(&mut self, session: &Session, now: Timestamp) {
        if let Some(standing) = &mut self.standing
            && standing.state == NoticeState::Held(Suppressed::Paused, None)
            && session.status != SessionStatus::Paused
        {
            standing.state = NoticeState::Fresh(now.after(SETTLE_DELAY));
        }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let standing = self.standing.as_ref().filter(|s| s.over_at.is_none());
        standing.is_some_and(|s| match s.state {
            NoticeState::Fresh(at) | NoticeState::Held(_, Some(at)) => at <= now,
            NoticeState::Held(_, None) | NoticeState::Delivered(_) | NoticeState::Dropped => false,
        })
    }

    /// Puts its news into words. What flickers keeps them.
    pub(super) fn put_into_words(
        &mut self,
        session: &Session,
        home: Option<&Path>,
        cards: &RequestCards,
        mark: impl FnOnce() -> Option<String>,
    ) {
        let Some(standing) = &mut self.standing else {
            return;
        };
        if standing.over_at.is_some() || standing.state == NoticeState::Dropped {
            return;
        }
        // A name that is told already stays, whoever comes later.
        if !standing.was_decided() {
            standing.mark = mark();
        }
        let row = Row::from_session(session, home);
        let (kind, mark) = (standing.news.kind, standing.mark.as_deref());
        standing.words = Some(words::single_notice(session, &row, kind, mark, cards));
    }

    /// Decides; the reason where its owner is not told, if it is a new one. Of a session that is
    /// gone, its end may be left to tell.
    pub(super) fn update_state(
        &mut self,
        session: Option<&Session>,
        attention: &UserContext,
        preferences: &NoticePreferences,
        now: Timestamp,
    ) -> Option<Suppressed> {
        let standing = self.standing.as_mut()?;
        let before = match standing.state {
            NoticeState::Held(Suppressed::NotNews, _) => {
                standing.state = NoticeState::Dropped;
                return Some(Suppressed::NotNews);
            }
            NoticeState::Held(reason, _) => Some(reason),
            _ => None,
        };
        if self.met.iter().any(|met| standing.news.is_again(met)) {
            standing.state = NoticeState::Dropped;
            return Some(Suppressed::AlreadyTold);
        }
        let reason = check_suppression(&standing.news, session, attention, preferences).err();
        standing.state = match reason {
            None => NoticeState::Delivered(DeliveredNotice::now(now)),
            Some(Suppressed::Paused) => NoticeState::Held(Suppressed::Paused, None),
            Some(reason @ (Suppressed::Snoozed | Suppressed::QuietHours)) => {
                let left = super::suppressed_for(attention, preferences).unwrap_or(SETTLE_DELAY);
                NoticeState::Held(reason, Some(now.after(left.min(RECHECK_INTERVAL))))
            }
            Some(_) => NoticeState::Dropped,
        };
        reason.filter(|reason| before != Some(*reason))
    }

    /// Whoever opens the popover has seen what has happened. A need stays until it is met.
    pub(super) fn note_popover_open(&mut self, attention: &UserContext) {
        if attention.popover_open
            && let Some(standing) = &mut self.standing
            && standing.news.kind != NoticeKind::Needs
            && matches!(
                standing.state,
                NoticeState::Delivered(_) | NoticeState::Held(..)
            )
        {
            standing.state = NoticeState::Dropped;
        }
    }

    /// Whether its owner was told that it has ended, or will be, and has not looked since.
    pub(super) fn tells_of_end(&self) -> bool {
        self.standing.as_ref().is_some_and(|s| {
            let open = match &s.state {
                NoticeState::Held(reason, _) => *reason != Suppressed::NotNews,
                NoticeState::Delivered(told) => told.how != DeliveryState::Closed,
                NoticeState::Fresh(_) | NoticeState::Dropped => false,
            };
            s.news.kind == NoticeKind::Stopped && open
        })
    }
}

impl SessionNotices {
    /// How its owner was told, if they were.
    pub(super) fn delivered_mut(&mut self) -> Option<&mut DeliveredNotice> {
        match &mut self.standing.as_mut()?.state {
            NoticeState::Delivered(told) => Some(told),
            _ => None,
        }
    }
}

impl NoticeEntry {
    fn was_decided(&self) -> bool {
        !matches!(self.state, NoticeState::Fresh(_) | NoticeState::Held(..))
    }

    fn was_put_away(&self) -> bool {
        matches!(&self.state, NoticeState::Delivered(told) if told.how == DeliveryState::Closed)
    }

    /// When it is to be looked at again, whatever happens.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match (self.over_at, &self.state) {
            (Some(over), _) => Some(over.after(SETTLE_DELAY)),
            (None, NoticeState::Fresh(at) | NoticeState::Held(_, Some(at))) => Some(*at),
            (None, _) => None,
        }
    }
}

impl DeliveredNotice {
    /// Where it stands, of this session.
    pub(super) fn slot(&self, id: SessionId) -> NoticeSlot {
        if self.together {
            NoticeSlot::Several
        } else {
            NoticeSlot::Session(id)
        }
    }

    /// Told at this moment, and yet to be shown.
    pub(super) fn now(at: Timestamp) -> Self {
        Self {
            at,
            how: DeliveryState::Queued,
            together: false,
        }
    }
}
