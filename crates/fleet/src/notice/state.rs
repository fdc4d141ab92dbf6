//! Which notices were delivered, are due and are shown: successive snapshots in, steps out.
//!
//! The wanted notices are derived anew each time and compared with the shown ones, so that no
//! notice can outlive its news.

use super::entry::{DeliveredNotice, DeliveryState, NoticeEntry, NoticeState, SessionNotices};
use super::event::first_held_request;
use super::words::SessionNamesakes;
use super::{
    DELIVERY_RETRY_INTERVAL, Notice, NoticeKind, NoticePreferences, NoticeSlot, NoticeStep,
    NotificationEvent, RequestCards, Suppressed, UserContext,
};
use crate::identity::SessionId;
use crate::request::{RequestId, RequestKind};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

/// The most sessions that are gone and kept because their end was delivered and not yet noticed.
const MAX_GONE_SESSIONS: usize = 32;

/// Which notices were delivered and are due, for all sessions.
#[derive(Debug, Clone, Default)]
pub struct NotificationState {
    pub(super) known: BTreeMap<SessionId, SessionNotices>,
    pub(super) shown: BTreeMap<NoticeSlot, Notice>,
    /// The slots that the server refused, and when each is offered again. An earlier notice may
    /// still be shown there.
    pub(super) refused: BTreeMap<NoticeSlot, Timestamp>,
    /// When the shared notice was last delivered or amended.
    pub(super) several_at: Option<Timestamp>,
    preferences: NoticePreferences,
    begun: bool,
    deaf: bool,
}

/// What follows at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeDecision {
    /// What the notification server is to do, in this order.
    pub steps: Vec<NoticeStep>,
    /// What is suppressed, and why; each case is reported once.
    pub suppressed: Vec<(SessionId, NoticeKind, Suppressed)>,
}

impl NotificationState {
    /// Takes in the sessions of a new snapshot.
    pub fn update_sessions(&mut self, snapshot: &Snapshot, now: Timestamp) {
        let first = !std::mem::replace(&mut self.begun, true);
        for known in self.known.values_mut() {
            known.gone = true;
        }
        for session in &snapshot.sessions {
            let new = !self.known.contains_key(&session.id);
            let known = self.known.entry(session.id).or_default();
            known.gone = false;
            known.turn.go_on(session);
            let news = NotificationEvent::from_session(session, &known.turn);
            // An event of unknown age is no news. A need lasts, and would be missed for ever if
            // Trusty Bar was restarted while the session waits.
            let unseen = (first || new) && !matches!(&news, Some(n) if n.kind == NoticeKind::Needs);
            known.file(news, unseen, now);
            known.resume(session, now);
        }
        for known in self.known.values_mut().filter(|k| k.gone) {
            if !known.tells_of_end() {
                known.file(None, false, now);
            }
        }
        self.forget_ended(now);
    }

    /// The sessions whose news is due, the earliest first; the caller finds out whether their
    /// terminals are in front.
    pub fn about_to_tell(&self, now: Timestamp) -> Vec<SessionId> {
        let due = self.known.iter().filter(|(_, known)| known.is_due(now));
        let mut due: Vec<_> = due
            .map(|(id, known)| (known.standing.as_ref().and_then(NoticeEntry::due), *id))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// The requests whose cards [`Self::decide`] needs, to let them be answered from a notice.
    pub fn requests(&self, snapshot: &Snapshot) -> Vec<(SessionId, RequestId)> {
        let open = |id: &SessionId| {
            let standing = self.known.get(id)?.standing.as_ref()?;
            (standing.news.kind == NoticeKind::Needs && standing.state != NoticeState::Dropped)
                .then_some(())
        };
        let sessions = snapshot.sessions.iter();
        sessions
            .filter(|s| open(&s.id).is_some())
            .filter_map(|s| Some((s.id, first_held_request(s)?)))
            .filter(|(_, (_, asks))| *asks == RequestKind::Permission)
            .map(|(id, (request, _))| (id, request.clone()))
            .collect()
    }

    /// When something has to be decided without a new snapshot.
    pub fn due(&self) -> Option<Timestamp> {
        let standing = self.known.values().filter_map(|k| k.standing.as_ref());
        let each = standing.filter_map(NoticeEntry::due);
        let refused = self.refused.values().copied();
        each.chain(self.several_due()).chain(refused).min()
    }

    /// Sets what the user wants to be notified of. News that the previous preferences held back is
    /// decided anew.
    pub fn set_preferences(&mut self, preferences: &NoticePreferences, now: Timestamp) {
        if self.preferences == *preferences {
            return;
        }
        self.preferences = preferences.clone();
        for standing in self.known.values_mut().filter_map(|k| k.standing.as_mut()) {
            if let NoticeState::Held(Suppressed::Snoozed | Suppressed::QuietHours, Some(at)) =
                &mut standing.state
            {
                *at = now;
            }
        }
    }

    /// Decides what is delivered and shown. The texts come from the rows of `snapshot`, in which
    /// `home` is shown as `~`.
    pub fn decide(
        &mut self,
        snapshot: &Snapshot,
        home: Option<&Path>,
        cards: &RequestCards,
        attention: &UserContext,
        now: Timestamp,
    ) -> NoticeDecision {
        self.forget_ended(now);
        let mut suppressed = Vec::new();
        let find = |id: SessionId| snapshot.sessions.iter().find(|s| s.id == id);
        let namesakes = OnceCell::new();
        for (id, known) in &mut self.known {
            let session = find(*id);
            if let Some(session) = session {
                let mark = || {
                    namesakes
                        .get_or_init(|| SessionNamesakes::from_snapshot(snapshot))
                        .distinguishing_mark(session)
                };
                known.put_into_words(session, home, cards, mark);
            }
            if known.is_due(now)
                && let Some(reason) = known.update_state(session, attention, &self.preferences, now)
                && let Some(standing) = &known.standing
            {
                suppressed.push((*id, standing.news.kind, reason));
            }
            known.note_popover_open(attention);
        }
        let steps = if self.deaf {
            self.defer_next();
            Vec::new()
        } else {
            self.next_steps(now)
        };
        NoticeDecision { steps, suppressed }
    }

    /// The slots whose notices are shown.
    pub fn shown_slots(&self) -> impl Iterator<Item = NoticeSlot> {
        self.shown.keys().copied()
    }

    /// The user or the server has closed a notice.
    pub fn closed(&mut self, slot: NoticeSlot) {
        self.shown.remove(&slot);
        self.refused.remove(&slot);
        for told in self.told_in(slot) {
            told.how = DeliveryState::Closed;
        }
    }

    /// The server refused the notice for this slot; other slots are not affected.
    pub fn note_refusal(&mut self, slot: NoticeSlot, now: Timestamp) {
        if self.deaf {
            return self.note_no_server(Some(slot));
        }
        self.refused
            .insert(slot, now.after(DELIVERY_RETRY_INTERVAL));
        for told in self.told_in(slot) {
            told.how = DeliveryState::Queued;
        }
    }

    /// The server accepted a notice that it seemed to refuse; returns whether the notice is still
    /// wanted.
    pub fn taken(&mut self, slot: NoticeSlot) -> bool {
        if self.refused.remove(&slot).is_some() {
            for told in self.told_in(slot) {
                told.how = DeliveryState::Shown;
            }
        }
        self.shown.contains_key(&slot)
    }

    /// No server shows notices, and none showed the one for `slot`: all wait for [`Self::heard`].
    pub fn note_no_server(&mut self, slot: Option<NoticeSlot>) {
        self.deaf = true;
        self.shown.clear();
        self.refused.clear();
        if let Some(slot) = slot {
            for told in self.told_in(slot) {
                told.how = DeliveryState::NoServer;
            }
        }
    }

    /// A server has appeared, which knows no notice. Notices that no server has shown are delivered
    /// now; an open need that was shown before is delivered once more, and only once.
    pub fn note_new_server(&mut self, now: Timestamp) {
        self.deaf = false;
        self.shown.clear();
        self.refused.clear();
        self.several_at = None;
        for standing in self.known.values_mut().filter_map(|k| k.standing.as_mut()) {
            let needs = standing.news.kind == NoticeKind::Needs;
            let NoticeState::Delivered(told) = &mut standing.state else {
                continue;
            };
            let unheard = matches!(told.how, DeliveryState::Queued | DeliveryState::NoServer);
            let once_more = needs && told.how == DeliveryState::Shown && !standing.again;
            if unheard || once_more {
                standing.again |= !unheard;
                *told = DeliveredNotice::now(now);
            } else {
                told.how = DeliveryState::Closed;
            }
        }
    }

    fn told_in(&mut self, slot: NoticeSlot) -> impl Iterator<Item = &mut DeliveredNotice> {
        let all = self
            .known
            .iter_mut()
            .filter_map(|(id, known)| Some((*id, known.delivered_mut()?)));
        all.filter(move |(id, told)| told.slot(*id) == slot)
            .map(|(_, told)| told)
    }

    /// Marks notices that would be shown now as waiting for a server.
    fn defer_next(&mut self) {
        for told in self
            .known
            .values_mut()
            .filter_map(SessionNotices::delivered_mut)
        {
            if told.how == DeliveryState::Queued {
                told.how = DeliveryState::NoServer;
            }
        }
    }

    /// Drops sessions that are gone and have no news left.
    fn forget_ended(&mut self, now: Timestamp) {
        for known in self.known.values_mut() {
            known.close_if_over(now);
        }
        self.known
            .retain(|_, known| !known.gone || known.standing.is_some());
        let gone = self.known.iter().filter(|(_, k)| k.gone);
        let gone: Vec<SessionId> = gone.map(|(id, _)| *id).collect();
        let more = gone.len().saturating_sub(MAX_GONE_SESSIONS);
        for id in gone.into_iter().take(more) {
            self.known.remove(&id);
        }
    }
}
