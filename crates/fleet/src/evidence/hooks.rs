//! What the hooks of one session reported, as far back as a verdict needs.

use crate::observation::HookEvent;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// The most events that are kept of one session.
const MAX_HOOK_EVENTS: usize = 128;

/// The newest events, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HookEvidence(BTreeSet<(Timestamp, HookEvent)>);

impl HookEvidence {
    /// Files an event.
    pub fn insert(&mut self, at: Timestamp, event: HookEvent) {
        self.0.insert((at, event));
        while self.0.len() > MAX_HOOK_EVENTS {
            self.0.pop_first();
        }
    }

    /// What the hooks of one process reported since it began, newest first. A session id outlives
    /// its process, may be shared, and may be reported by a hook of any other session.
    pub fn of_process(
        &self,
        pid: u32,
        began: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, &HookEvent)> {
        let all = self.0.iter().rev().map(|(at, event)| (*at, event));
        all.filter(move |(at, event)| *at >= began && event.pid.is_none_or(|p| p == pid))
    }

    /// When the newest event was reported.
    pub fn newest_at(&self) -> Option<Timestamp> {
        self.0.last().map(|(at, _)| *at)
    }
}
