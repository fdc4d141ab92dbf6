//! What is shown: one notice for each session, and one for many at once.

use super::book::{How, Notices, State, Told};
use super::{Cards, Kind, MANY, Notice, Slot, Step, TOGETHER, words};
use crate::session::SessionId;
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use crate::view::{Board, Row};
use std::collections::BTreeMap;
use std::path::Path;

impl Notices {
    /// What turns what is shown into what is to be.
    pub(super) fn show(
        &mut self,
        snapshot: &Snapshot,
        home: Option<&Path>,
        cards: &Cards,
        now: Timestamp,
    ) -> Vec<Step> {
        self.gather(now);
        if self.told().next().is_none() && self.shown.is_empty() {
            return Vec::new();
        }
        let board = Board::of(snapshot, home);
        let rows: BTreeMap<SessionId, &Row> = board.rows.iter().map(|r| (r.id, r)).collect();
        let mut steps = Vec::new();
        let (singles, together, fresh) = self.wanted(snapshot, &rows, cards);

        let over = self.shown.keys().filter(|slot| match slot {
            Slot::Session(id) => !singles.contains_key(id),
            Slot::Several => together.is_empty(),
        });
        let over: Vec<Slot> = over.copied().collect();
        for slot in over {
            self.shown.remove(&slot);
            steps.push(Step::Withdraw(slot));
        }
        for (id, (notice, loud)) in singles {
            self.put(Slot::Session(id), notice, loud, &mut steps);
        }
        if together.is_empty() {
            self.several_at = None;
        } else {
            let notice = self.in_common(&together);
            let calm = self.several_at.is_none_or(|at| at.after(TOGETHER) <= now);
            let begun = self.shown.contains_key(&Slot::Several);
            if calm || !begun {
                let before = self.shown.get(&Slot::Several).cloned();
                self.put(Slot::Several, notice, fresh, &mut steps);
                if before.as_ref() != self.shown.get(&Slot::Several) {
                    self.several_at = Some(now);
                }
            }
        }
        for told in self.told_mut().filter(|told| told.how == How::Next) {
            told.how = How::Shown;
        }
        steps
    }

    /// When the notice of several may be brought up to date, if it is not.
    pub(super) fn several_due(&self) -> Option<Timestamp> {
        let shown = self.shown.get(&Slot::Several)?;
        let together: Vec<_> = self.together().collect();
        let stale = !together.is_empty() && self.in_common(&together) != *shown;
        stale.then(|| Some(self.several_at?.after(TOGETHER)))?
    }

    fn in_common(&self, together: &[(SessionId, Kind)]) -> Notice {
        let titles: BTreeMap<SessionId, &str> = self
            .told()
            .filter_map(|(id, _, told)| Some((id, told.words.as_ref()?.title.as_str())))
            .collect();
        words::several(together, |id| titles.get(&id).copied().unwrap_or_default())
    }

    /// Many within a short time are told together.
    fn gather(&mut self, now: Timestamp) {
        let recent = |told: &Told| told.how != How::Closed && told.at.after(TOGETHER) > now;
        let fresh = self.told().any(|(_, _, told)| told.how == How::Next);
        let count = self.told().filter(|(_, _, told)| recent(told)).count();
        if fresh && count >= MANY {
            for told in self.told_mut().filter(|told| recent(told)) {
                told.together = true;
            }
        }
    }

    /// What is to be shown of each session, of which of them together, and whether any of those
    /// is new.
    #[expect(clippy::type_complexity, reason = "used once, right above")]
    fn wanted(
        &mut self,
        snapshot: &Snapshot,
        rows: &BTreeMap<SessionId, &Row>,
        cards: &Cards,
    ) -> (
        BTreeMap<SessionId, (Notice, bool)>,
        Vec<(SessionId, Kind)>,
        bool,
    ) {
        let mut singles = BTreeMap::new();
        let mut fresh = false;
        for (id, known) in &mut self.known {
            let Some(standing) = &mut known.standing else {
                continue;
            };
            let kind = standing.news.kind;
            let State::Told(told) = &mut standing.state else {
                continue;
            };
            let session = snapshot.sessions.iter().find(|s| s.id == *id);
            // What flickers keeps its words.
            let same = session.filter(|_| standing.over_at.is_none());
            if let (Some(session), Some(row)) = (same, rows.get(id)) {
                told.words = Some(words::one(session, row, kind, cards));
            }
            if told.how == How::Closed {
                continue;
            }
            match (&told.words, told.together) {
                (_, true) => fresh |= told.how == How::Next,
                (Some(notice), false) => {
                    singles.insert(*id, (notice.clone(), told.how == How::Next));
                }
                (None, false) => {}
            }
        }
        (singles, self.together().collect(), fresh)
    }

    /// Those that are told together, what matters most first.
    fn together(&self) -> impl Iterator<Item = (SessionId, Kind)> {
        let mut all: Vec<_> = self
            .told()
            .filter(|(_, _, told)| told.together && told.how != How::Closed)
            .map(|(id, kind, told)| (kind, told.at, id))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(kind, _, id)| (id, kind))
    }

    fn put(&mut self, slot: Slot, notice: Notice, loud: bool, steps: &mut Vec<Step>) {
        let before = self.shown.insert(slot, notice.clone());
        if loud || before.is_none() {
            steps.push(Step::Deliver(slot, notice));
        } else if before.as_ref() != Some(&notice) {
            steps.push(Step::Amend(slot, notice));
        }
    }

    fn told(&self) -> impl Iterator<Item = (SessionId, Kind, &Told)> {
        self.known.iter().filter_map(|(id, known)| {
            let standing = known.standing.as_ref()?;
            match &standing.state {
                State::Told(told) => Some((*id, standing.news.kind, told)),
                _ => None,
            }
        })
    }

    fn told_mut(&mut self) -> impl Iterator<Item = &mut Told> {
        self.known
            .values_mut()
            .filter_map(|known| match &mut known.standing.as_mut()?.state {
                State::Told(told) => Some(told),
                _ => None,
            })
    }
}
