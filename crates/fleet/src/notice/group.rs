//! Which notices are shown: one for each session, and one that many sessions share.

use super::entry::{DeliveredNotice, DeliveryState, NoticeEntry, NoticeState, SessionNotices};
use super::state::NotificationState;
use super::{
    GROUPING_WINDOW, MIN_GROUPED_SESSIONS, Notice, NoticeKind, NoticeSlot, NoticeStep, words,
};
use crate::identity::SessionId;
use crate::time::Timestamp;
use std::collections::BTreeMap;

impl NotificationState {
    /// The steps from the shown notices to the wanted ones.
    pub(super) fn next_steps(&mut self, now: Timestamp) -> Vec<NoticeStep> {
        self.gather(now);
        let mut steps = Vec::new();
        let singles = self.single_notices();
        let together: Vec<_> = self.grouped_sessions().collect();
        let fresh = self
            .delivered_notices()
            .any(|(_, _, told)| told.together && told.how == DeliveryState::Queued);

        let over = self.shown.keys().filter(|slot| match slot {
            NoticeSlot::Session(id) => !singles.contains_key(id),
            NoticeSlot::Several => together.is_empty(),
        });
        let over: Vec<NoticeSlot> = over.copied().collect();
        for slot in over {
            self.shown.remove(&slot);
            self.refused.remove(&slot);
            steps.push(NoticeStep::Withdraw(slot));
        }
        for (id, (notice, loud)) in singles {
            self.deliver(NoticeSlot::Session(id), notice, loud, now, &mut steps);
        }
        if together.is_empty() {
            self.several_at = None;
        } else {
            let notice = self.in_common(&together);
            let calm = self
                .several_at
                .is_none_or(|at| at.after(GROUPING_WINDOW) <= now);
            let begun = self.shown.contains_key(&NoticeSlot::Several);
            if calm || !begun {
                let before = self.shown.get(&NoticeSlot::Several).cloned();
                self.deliver(NoticeSlot::Several, notice, fresh, now, &mut steps);
                if before.as_ref() != self.shown.get(&NoticeSlot::Several) {
                    self.several_at = Some(now);
                }
            }
        }
        for (id, known) in &mut self.known {
            if let Some(told) = known.delivered_mut()
                && told.how == DeliveryState::Queued
                && !self.refused.contains_key(&told.slot(*id))
            {
                told.how = DeliveryState::Shown;
            }
        }
        steps
    }

    /// When the shared notice may be amended, if its text is out of date.
    pub(super) fn several_due(&self) -> Option<Timestamp> {
        let shown = self.shown.get(&NoticeSlot::Several)?;
        if self.refused.contains_key(&NoticeSlot::Several) {
            return None;
        }
        let together: Vec<_> = self.grouped_sessions().collect();
        let stale = !together.is_empty() && self.in_common(&together) != *shown;
        stale.then(|| Some(self.several_at?.after(GROUPING_WINDOW)))?
    }

    fn in_common(&self, together: &[(SessionId, NoticeKind)]) -> Notice {
        let titles: BTreeMap<SessionId, &str> = self
            .delivered_notices()
            .filter_map(|(id, standing, _)| Some((id, standing.words.as_ref()?.title.as_str())))
            .collect();
        words::group_notice(together, |id| titles.get(&id).copied().unwrap_or_default())
    }

    /// Groups news of many sessions within a short time.
    fn gather(&mut self, now: Timestamp) {
        let recent = |told: &DeliveredNotice| {
            told.how != DeliveryState::Closed && told.at.after(GROUPING_WINDOW) > now
        };
        let fresh = self
            .delivered_notices()
            .any(|(_, _, told)| told.how == DeliveryState::Queued);
        let count = self
            .delivered_notices()
            .filter(|(_, _, told)| recent(told))
            .count();
        if fresh && count >= MIN_GROUPED_SESSIONS {
            for told in self.told_mut().filter(|told| recent(told)) {
                told.together = true;
            }
        }
    }

    /// The notices of sessions that share none, and whether each is new.
    fn single_notices(&self) -> BTreeMap<SessionId, (Notice, bool)> {
        let alone = self
            .delivered_notices()
            .filter(|(_, _, told)| !told.together && told.how != DeliveryState::Closed);
        alone
            .filter_map(|(id, standing, told)| {
                Some((
                    id,
                    (standing.words.clone()?, told.how == DeliveryState::Queued),
                ))
            })
            .collect()
    }

    /// The sessions that share a notice, the most important first.
    fn grouped_sessions(&self) -> impl Iterator<Item = (SessionId, NoticeKind)> {
        let mut all: Vec<_> = self
            .delivered_notices()
            .filter(|(_, _, told)| told.together && told.how != DeliveryState::Closed)
            .map(|(id, standing, told)| (standing.news.kind, told.at, id))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(kind, _, id)| (id, kind))
    }

    fn deliver(
        &mut self,
        slot: NoticeSlot,
        notice: Notice,
        loud: bool,
        now: Timestamp,
        steps: &mut Vec<NoticeStep>,
    ) {
        match self.refused.get(&slot) {
            Some(at) if *at > now => return,
            _ => drop(self.refused.remove(&slot)),
        }
        let before = self.shown.insert(slot, notice.clone());
        if loud || before.is_none() {
            steps.push(NoticeStep::Deliver(slot, notice));
        } else if before.as_ref() != Some(&notice) {
            steps.push(NoticeStep::Amend(slot, notice));
        }
    }

    fn delivered_notices(
        &self,
    ) -> impl Iterator<Item = (SessionId, &NoticeEntry, &DeliveredNotice)> {
        self.known.iter().filter_map(|(id, known)| {
            let standing = known.standing.as_ref()?;
            match &standing.state {
                NoticeState::Delivered(told) => Some((*id, standing, told)),
                _ => None,
            }
        })
    }

    fn told_mut(&mut self) -> impl Iterator<Item = &mut DeliveredNotice> {
        self.known
            .values_mut()
            .filter_map(SessionNotices::delivered_mut)
    }
}
