//! What was told, what is about to be, and what is shown: successive snapshots in, steps out.
//!
//! What is to be shown is derived anew each time and compared with what is shown, so nothing that
//! is over can stay.

use super::news::{Turn, held};
use super::{
    Attention, Cards, Kind, News, Notice, NoticePreferences, SETTLE, Slot, Step, Suppressed, weigh,
};
use crate::request::{Asks, RequestId};
use crate::session::{Session, SessionId, SessionStatus};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// Sessions that are gone and of whose end its owner was told, kept until they have looked.
const GONE_KEPT: usize = 32;
/// Needs of one session that are remembered after their end.
const MET_KEPT: usize = 16;

/// All that was told of sessions, and what is about to be.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    pub(super) known: BTreeMap<SessionId, Known>,
    pub(super) shown: BTreeMap<Slot, Notice>,
    /// When the notice of several was last told or amended.
    pub(super) several_at: Option<Timestamp>,
    begun: bool,
    deaf: bool,
}

/// One session, as the book knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    turn: Turn,
    pub(super) standing: Option<Standing>,
    /// Needs that were told or passed over, and are over; the newest last.
    met: VecDeque<News>,
    gone: bool,
}

/// The news of a session.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) news: News,
    pub(super) state: State,
    /// Since when it is not so any more.
    pub(super) over_at: Option<Timestamp>,
    /// It was told once more, to a server that had forgotten it.
    again: bool,
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
    pub(super) words: Option<Notice>,
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

/// What follows from the book at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is to be done, in this order.
    pub steps: Vec<Step>,
    /// What its owner is not told, and why; each is named once.
    pub suppressed: Vec<(SessionId, Kind, Suppressed)>,
}

impl Notices {
    /// The sessions are like this now.
    pub fn look(&mut self, snapshot: &Snapshot, now: Timestamp) {
        let first = !std::mem::replace(&mut self.begun, true);
        for known in self.known.values_mut() {
            known.gone = true;
        }
        for session in &snapshot.sessions {
            let new = !self.known.contains_key(&session.id);
            let known = self.known.entry(session.id).or_default();
            known.gone = false;
            known.turn.go_on(session);
            let news = News::of(session, &known.turn);
            // An event that nobody saw happen is none. A need lasts: whoever starts us again
            // while a session waits would miss it for ever.
            let unseen = (first || new) && !matches!(&news, Some(n) if n.kind == Kind::Needs);
            known.file(news, unseen, now);
            known.resume(session, now);
        }
        for known in self.known.values_mut().filter(|k| k.gone) {
            if !known.tells_of_end() {
                known.file(None, false, now);
            }
        }
        self.forget(now);
    }

    /// The sessions that are about to be told of: whether their terminals are frontmost decides.
    pub fn about_to_tell(&self, now: Timestamp) -> Vec<SessionId> {
        let due = self.known.iter().filter(|(_, known)| known.is_due(now));
        due.map(|(id, _)| *id).collect()
    }

    /// The requests whose text may let them be answered from a notice.
    pub fn requests(&self, snapshot: &Snapshot) -> Vec<(SessionId, RequestId)> {
        let open = |id: &SessionId| {
            let standing = self.known.get(id)?.standing.as_ref()?;
            (standing.news.kind == Kind::Needs && standing.state != State::Passed).then_some(())
        };
        let sessions = snapshot.sessions.iter();
        sessions
            .filter(|s| open(&s.id).is_some())
            .filter_map(|s| Some((s.id, held(s)?)))
            .filter(|(_, (_, asks))| *asks == Asks::Permission)
            .map(|(id, (request, _))| (id, request.clone()))
            .collect()
    }

    /// When something is to be decided without a new snapshot.
    pub fn due(&self) -> Option<Timestamp> {
        let standing = self.known.values().filter_map(|k| k.standing.as_ref());
        let each = standing.filter_map(Standing::due);
        each.chain(self.several_due()).min()
    }

    /// Decides what is told and what is shown. Rows are those of this snapshot; `home` is shown
    /// as `~`.
    pub fn decide(
        &mut self,
        snapshot: &Snapshot,
        home: Option<&Path>,
        cards: &Cards,
        attention: &Attention,
        preferences: &NoticePreferences,
        now: Timestamp,
    ) -> Decision {
        self.forget(now);
        let mut suppressed = Vec::new();
        let find = |id: SessionId| snapshot.sessions.iter().find(|s| s.id == id);
        for (id, known) in &mut self.known {
            if let Some(session) = find(*id)
                && known.is_due(now)
                && let Some(reason) = known.settle(session, attention, preferences, now)
                && let Some(standing) = &known.standing
            {
                suppressed.push((*id, standing.news.kind, reason));
            }
            known.seen(attention);
        }
        let steps = if self.deaf {
            self.keep();
            Vec::new()
        } else {
            self.show(snapshot, home, cards, now)
        };
        Decision { steps, suppressed }
    }

    /// What is shown.
    pub fn shown(&self) -> impl Iterator<Item = Slot> {
        self.shown.keys().copied()
    }

    /// The preferences are others now: what is held back may be told.
    pub fn reconsider(&mut self, now: Timestamp) {
        for standing in self.known.values_mut().filter_map(|k| k.standing.as_mut()) {
            if let State::Held(Suppressed::Snoozed | Suppressed::QuietHours, Some(at)) =
                &mut standing.state
            {
                *at = now;
            }
        }
    }

    /// Its owner has put a notice away, or the server has.
    pub fn closed(&mut self, slot: Slot) {
        self.shown.remove(&slot);
        for told in self.told_in(slot) {
            told.how = How::Closed;
        }
    }

    /// Nobody shows notices, not even the one for this slot: all wait for [`Self::heard`].
    pub fn unheard(&mut self, slot: Option<Slot>) {
        self.deaf = true;
        self.shown.clear();
        if let Some(slot) = slot {
            for told in self.told_in(slot) {
                told.how = How::Unheard;
            }
        }
    }

    /// A server is there, which knows nothing. What nobody has shown is told now; an open need
    /// that was shown before is told once more, and never again after that.
    pub fn heard(&mut self, now: Timestamp) {
        self.deaf = false;
        self.shown.clear();
        self.several_at = None;
        for standing in self.known.values_mut().filter_map(|k| k.standing.as_mut()) {
            let needs = standing.news.kind == Kind::Needs;
            let State::Told(told) = &mut standing.state else {
                continue;
            };
            let unheard = told.how == How::Unheard;
            let once_more = needs && told.how == How::Shown && !standing.again;
            if unheard || once_more {
                standing.again |= !unheard;
                *told = Told::now(now);
            } else {
                told.how = How::Closed;
            }
        }
    }

    fn told_in(&mut self, slot: Slot) -> impl Iterator<Item = &mut Told> {
        let all = self.known.iter_mut().filter_map(|(id, known)| {
            match known.standing.as_mut().map(|s| &mut s.state) {
                Some(State::Told(told)) => Some((*id, told)),
                _ => None,
            }
        });
        all.filter(move |(id, told)| match slot {
            Slot::Session(one) => *id == one && !told.together,
            Slot::Several => told.together,
        })
        .map(|(_, told)| told)
    }

    /// What would be shown now waits for somebody to show it.
    fn keep(&mut self) {
        for standing in self.known.values_mut().filter_map(|k| k.standing.as_mut()) {
            if let State::Told(told) = &mut standing.state
                && told.how == How::Next
            {
                told.how = How::Unheard;
            }
        }
    }

    /// Forgets sessions that are gone and of which nothing is left to say.
    fn forget(&mut self, now: Timestamp) {
        for known in self.known.values_mut() {
            known.over(now);
        }
        self.known
            .retain(|_, known| !known.gone || known.standing.is_some());
        let gone = self.known.iter().filter(|(_, k)| k.gone);
        let gone: Vec<SessionId> = gone.map(|(id, _)| *id).collect();
        let more = gone.len().saturating_sub(GONE_KEPT);
        for id in gone.into_iter().take(more) {
            self.known.remove(&id);
        }
    }
}

impl Known {
    /// What there is to tell of it now.
    fn file(&mut self, news: Option<News>, unseen: bool, now: Timestamp) {
        self.over(now);
        match (&mut self.standing, news) {
            (None, None) => {}
            (Some(standing), None) => {
                standing.over_at.get_or_insert(now);
            }
            (Some(standing), Some(news)) if news.goes_on(&standing.news) => {
                let another = news.mark.is_later(&standing.news.mark);
                if standing.over_at.take().is_some() && another && !standing.was_decided() {
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
                });
            }
        }
    }

    /// What was over for long enough is.
    fn over(&mut self, now: Timestamp) {
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
    fn resume(&mut self, session: &Session, now: Timestamp) {
        if let Some(standing) = &mut self.standing
            && standing.state == State::Held(Suppressed::Paused, None)
            && session.status != SessionStatus::Paused
        {
            standing.state = State::Fresh(now.after(SETTLE));
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let standing = self.standing.as_ref().filter(|s| s.over_at.is_none());
        standing.is_some_and(|s| match s.state {
            State::Fresh(at) | State::Held(_, Some(at)) => at <= now,
            State::Held(_, None) | State::Told(_) | State::Passed => false,
        })
    }

    /// Decides; the reason where its owner is not told, if it is a new one.
    fn settle(
        &mut self,
        session: &Session,
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
                State::Held(reason, Some(now.after(left)))
            }
            Some(_) => State::Passed,
        };
        reason.filter(|reason| before != Some(*reason))
    }

    /// Whoever opens the popover has seen what has happened. A need stays until it is met.
    fn seen(&mut self, attention: &Attention) {
        if attention.popover_open
            && let Some(standing) = &mut self.standing
            && standing.news.kind != Kind::Needs
            && matches!(standing.state, State::Told(_) | State::Held(..))
        {
            standing.state = State::Passed;
        }
    }

    /// Whether its owner was told that it has ended, and has not looked since.
    fn tells_of_end(&self) -> bool {
        self.standing.as_ref().is_some_and(|s| {
            let open = matches!(&s.state, State::Told(told) if told.how != How::Closed);
            s.news.kind == Kind::Stopped && open
        })
    }
}

impl Standing {
    fn was_decided(&self) -> bool {
        !matches!(self.state, State::Fresh(_) | State::Held(..))
    }

    fn due(&self) -> Option<Timestamp> {
        match (self.over_at, &self.state) {
            (Some(over), _) => Some(over.after(SETTLE)),
            (None, State::Fresh(at) | State::Held(_, Some(at))) => Some(*at),
            (None, _) => None,
        }
    }
}

impl Told {
    fn now(at: Timestamp) -> Self {
        Self {
            at,
            how: How::Next,
            together: false,
            words: None,
        }
    }
}
