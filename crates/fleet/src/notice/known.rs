//! One session, as the book knows it: its news, and what has become of it.

use super::news::Turn;
use super::{
    Attention, Cards, Kind, News, Notice, NoticePreferences, SETTLE, Slot, Suppressed, weigh, words,
};
use crate::identity::SessionId;
use crate::row::Row;
use crate::session::{Session, SessionStatus};
use crate::time::Timestamp;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

/// Needs of one session that are remembered after their end.
const MET_KEPT: usize = 16;
/// What is held back is looked at again after this at the latest: clocks are set.
const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// One session, as the book knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) turn: Turn,
    pub(super) standing: Option<Standing>,
    /// Needs that were told or passed over, and are over; the newest last.
    met: VecDeque<News>,
    /// No snapshot knows it any more.
    pub(super) gone: bool,
}

/// The news of a session.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) news: News,
    pub(super) state: State,
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
pub(super) enum State {
    /// It may resolve itself before then.
    Fresh(Timestamp),
    /// Not told yet, for a reason that passes; by then at the latest.
    Held(Suppressed, Option<Timestamp>),
    /// Its owner is told.
    Told(Told),
    /// Its owner is not told.
    Passed,
}

/// How its owner was told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) at: Timestamp,
    pub(super) how: How,
    /// It is told together with others.
    pub(super) together: bool,
}

/// How far a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It is yet to be shown.
    Next,
    /// It is shown.
    Shown,
    /// It was put away by its owner, or is not to be shown any more.
    Closed,
    /// Nobody was there to show it.
    Unheard,
}

impl Known {
    /// What there is to tell of it now.
    pub(super) fn file(&mut self, news: Option<News>, unseen: bool, now: Timestamp) {
        self.over(now);
        match (&mut self.standing, news) {
            (None, None) => {}
            (Some(standing), None) => {
                standing.over_at.get_or_insert(now);
            }
            (Some(standing), Some(news)) if news.goes_on(&standing.news) => {
                let another = news.mark.is_later(&standing.news.mark);
                let open = !standing.was_decided() || standing.was_put_away();
                if standing.over_at.take().is_some() && another && open {
                    standing.state = State::Fresh(now.after(SETTLE));
                }
                // How long it has worked for it was decided when it began.
                let worked = standing.news.worked;
                standing.news = News { worked, ..news };
            }
            (before, Some(news)) => {
                let replaced = before.take();
                self.remember(replaced);
                self.standing = Some(Standing {
                    news,
                    state: if unseen {
                        State::Held(Suppressed::NotNews, Some(now))
                    } else {
                        State::Fresh(now.after(SETTLE))
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
    pub(super) fn over(&mut self, now: Timestamp) {
        let is_over = |s: &Standing| s.over_at.is_some_and(|at| at.after(SETTLE) <= now);
        if self.standing.as_ref().is_some_and(is_over) {
            let over = self.standing.take();
            self.remember(over);
        }
    }

    fn remember(&mut self, over: Option<Standing>) {
        let over = over.filter(|s| s.was_decided() && s.news.kind == Kind::Needs);
        self.met.extend(over.map(|standing| standing.news));
        while self.met.len() > MET_KEPT {
            self.met.pop_front();
        }
    }

    /// What waited for the end of a pause waits no more.
    pub(super) fn resume(&mut self, session: &Session, now: Timestamp) {
        if let Some(standing) = &mut self.standing
            && standing.state == State::Held(Suppressed::Paused, None)
            && session.status != SessionStatus::Paused
        {
            standing.state = State::Fresh(now.after(SETTLE));
        }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let standing = self.standing.as_ref().filter(|s| s.over_at.is_none());
        standing.is_some_and(|s| match s.state {
            State::Fresh(at) | State::Held(_, Some(at)) => at <= now,
            State::Held(_, None) | State::Told(_) | State::Passed => false,
        })
    }

    /// Puts its news into words. What flickers keeps them.
    pub(super) fn put_into_words(
        &mut self,
        session: &Session,
        home: Option<&Path>,
        cards: &Cards,
        mark: impl FnOnce() -> Option<String>,
    ) {
        let Some(standing) = &mut self.standing else {
            return;
        };
        if standing.over_at.is_some() || standing.state == State::Passed {
            return;
        }
        // A name that is told already stays, whoever comes later.
        if !standing.was_decided() {
            standing.mark = mark();
        }
        let row = Row::of(session, home);
        let (kind, mark) = (standing.news.kind, standing.mark.as_deref());
        standing.words = Some(words::one(session, &row, kind, mark, cards));
    }

    /// Decides; the reason where its owner is not told, if it is a new one. Of a session that is
    /// gone, its end may be left to tell.
    pub(super) fn settle(
        &mut self,
        session: Option<&Session>,
        attention: &Attention,
        preferences: &NoticePreferences,
        now: Timestamp,
    ) -> Option<Suppressed> {
        let standing = self.standing.as_mut()?;
        let before = match standing.state {
            State::Held(Suppressed::NotNews, _) => {
                standing.state = State::Passed;
                return Some(Suppressed::NotNews);
            }
            State::Held(reason, _) => Some(reason),
            _ => None,
        };
        if self.met.iter().any(|met| standing.news.is_again(met)) {
            standing.state = State::Passed;
            return Some(Suppressed::AlreadyTold);
        }
        let reason = weigh(&standing.news, session, attention, preferences).err();
        standing.state = match reason {
            None => State::Told(Told::now(now)),
            Some(Suppressed::Paused) => State::Held(Suppressed::Paused, None),
            Some(reason @ (Suppressed::Snoozed | Suppressed::QuietHours)) => {
                let left = super::held(attention, preferences).unwrap_or(SETTLE);
                State::Held(reason, Some(now.after(left.min(LOOK_AGAIN))))
            }
            Some(_) => State::Passed,
        };
        reason.filter(|reason| before != Some(*reason))
    }

    /// Whoever opens the popover has seen what has happened. A need stays until it is met.
    pub(super) fn seen(&mut self, attention: &Attention) {
        if attention.popover_open
            && let Some(standing) = &mut self.standing
            && standing.news.kind != Kind::Needs
            && matches!(standing.state, State::Told(_) | State::Held(..))
        {
            standing.state = State::Passed;
        }
    }

    /// Whether its owner was told that it has ended, or will be, and has not looked since.
    pub(super) fn tells_of_end(&self) -> bool {
        self.standing.as_ref().is_some_and(|s| {
            let open = match &s.state {
                State::Held(reason, _) => *reason != Suppressed::NotNews,
                State::Told(told) => told.how != How::Closed,
                State::Fresh(_) | State::Passed => false,
            };
            s.news.kind == Kind::Stopped && open
        })
    }
}

impl Known {
    /// How its owner was told, if they were.
    pub(super) fn told_mut(&mut self) -> Option<&mut Told> {
        match &mut self.standing.as_mut()?.state {
            State::Told(told) => Some(told),
            _ => None,
        }
    }
}

impl Standing {
    fn was_decided(&self) -> bool {
        !matches!(self.state, State::Fresh(_) | State::Held(..))
    }

    fn was_put_away(&self) -> bool {
        matches!(&self.state, State::Told(told) if told.how == How::Closed)
    }

    /// When it is to be looked at again, whatever happens.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match (self.over_at, &self.state) {
            (Some(over), _) => Some(over.after(SETTLE)),
            (None, State::Fresh(at) | State::Held(_, Some(at))) => Some(*at),
            (None, _) => None,
        }
    }
}

impl Told {
    /// Where it stands, of this session.
    pub(super) fn slot(&self, id: SessionId) -> Slot {
        if self.together {
            Slot::Several
        } else {
            Slot::Session(id)
        }
    }

    /// Told at this moment, and yet to be shown.
    pub(super) fn now(at: Timestamp) -> Self {
        Self {
            at,
            how: How::Next,
            together: false,
        }
    }
}
