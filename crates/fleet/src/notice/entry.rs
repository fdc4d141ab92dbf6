//! One session in the notification state: its news, and how far the notice has come.

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

/// The most needs of one session that are remembered after their end.
const MAX_MET_NEEDS: usize = 16;
/// How long news is held back at most before it is checked again: the wall clock may be set.
const RECHECK_INTERVAL: Duration = Duration::from_mins(10);

/// One session in the notification state.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionNotices {
    pub(super) turn: TurnTimer,
    pub(super) standing: Option<NoticeEntry>,
    /// Needs that were delivered or suppressed and are over, the newest last.
    met: VecDeque<NotificationEvent>,
    /// Whether the last snapshot no longer has the session.
    pub(super) gone: bool,
}

/// The current news of a session, and how far its notice has come.
#[derive(Debug, Clone)]
pub(super) struct NoticeEntry {
    pub(super) news: NotificationEvent,
    pub(super) state: NoticeState,
    /// Since when the news no longer holds.
    pub(super) over_at: Option<Timestamp>,
    /// Whether the need was delivered once more, to a server that had forgotten it.
    pub(super) again: bool,
    /// The text, from the newest row; kept once the news no longer holds.
    pub(super) words: Option<Notice>,
    /// What distinguishes the session from others of the same name.
    mark: Option<String>,
}

/// How far a piece of news has come.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NoticeState {
    /// Waits until this time, because it may resolve itself.
    Fresh(Timestamp),
    /// Held back for a temporary reason; checked again at this time, if there is one.
    Held(Suppressed, Option<Timestamp>),
    /// Delivered.
    Delivered(DeliveredNotice),
    /// Suppressed for good.
    Dropped,
}

/// A notice that was delivered, or is about to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeliveredNotice {
    pub(super) at: Timestamp,
    pub(super) how: DeliveryState,
    /// Whether the session shares a notice with others.
    pub(super) together: bool,
}

/// How far a delivered notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    /// Not shown yet.
    Queued,
    /// Shown.
    Shown,
    /// Closed by the user, or not to be shown any more.
    Closed,
    /// There was no server to show it.
    NoServer,
}

impl SessionNotices {
    /// Takes in the session's current news; `unseen` if that may have begun before it was seen.
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
                // The time worked was decided when the news began.
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

    /// Drops news that has been over for [`SETTLE_DELAY`].
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

    /// Decides news anew that was held back by a pause which has ended.
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

    /// Updates the text of the news. News that flickers keeps its text.
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
        // A name that was delivered stays, even if sessions of the same name come later.
        if !standing.was_decided() {
            standing.mark = mark();
        }
        let row = Row::from_session(session, home);
        let (kind, mark) = (standing.news.kind, standing.mark.as_deref());
        standing.words = Some(words::single_notice(session, &row, kind, mark, cards));
    }

    /// Decides whether the news is delivered; returns the reason against it, if that is a new one.
    /// A session that is gone may still have its end to deliver.
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

    /// Marks events as seen once the popover is open. A need stays until it is met.
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

    /// Whether the session's end was delivered, or is held back, and not yet noticed by the user.
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
    /// How the news was delivered, if it was.
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

    /// When the news has to be decided again, whatever happens.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match (self.over_at, &self.state) {
            (Some(over), _) => Some(over.after(SETTLE_DELAY)),
            (None, NoticeState::Fresh(at) | NoticeState::Held(_, Some(at))) => Some(*at),
            (None, _) => None,
        }
    }
}

impl DeliveredNotice {
    /// The slot of the notice, for this session.
    pub(super) fn slot(&self, id: SessionId) -> NoticeSlot {
        if self.together {
            NoticeSlot::Several
        } else {
            NoticeSlot::Session(id)
        }
    }

    /// A notice that is delivered at this moment, and not shown yet.
    pub(super) fn now(at: Timestamp) -> Self {
        Self {
            at,
            how: DeliveryState::Queued,
            together: false,
        }
    }
}
