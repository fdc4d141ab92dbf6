//! The requests of one session that hooks hold, or held.

use crate::request::{HookOutcome, PermissionRequest, RequestId};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The most requests kept of one session.
const MAX_REQUESTS: usize = 64;

/// Requests by what identifies them. Filing does not depend on the order of the facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FiledRequests(BTreeMap<RequestId, FiledRequest>);

/// One request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FiledRequest {
    /// When it was asked, and what.
    pub asked: Option<(Timestamp, PermissionRequest)>,
    /// When its hook was let go, and how.
    pub over: Option<(Timestamp, HookOutcome)>,
}

impl FiledRequests {
    /// Files a request.
    pub fn file_request(&mut self, at: Timestamp, asking: PermissionRequest) {
        let held = self.0.entry(asking.id.clone()).or_default();
        let new = Some((at, asking));
        // An id is asked once; of two, the first counts.
        if held.asked.is_none() || new < held.asked {
            held.asked = new;
        }
        self.bound();
    }

    /// Files the end of its hold.
    pub fn record_outcome(&mut self, at: Timestamp, id: RequestId, how: HookOutcome) {
        let held = self.0.entry(id).or_default();
        let new = Some((at, how));
        if held.over.is_none() || new < held.over {
            held.over = new;
        }
        self.bound();
    }

    /// All of which is known what was asked, the oldest first.
    pub fn oldest_first(&self) -> Vec<(Timestamp, &PermissionRequest, &FiledRequest)> {
        let known = self.0.values();
        let mut all: Vec<_> = known
            .filter_map(|held| Some((held.asked.as_ref()?, held)))
            .map(|((at, asking), held)| (*at, asking, held))
            .collect();
        all.sort_by_key(|(at, asking, _)| (*at, &asking.id));
        all
    }

    /// Keeps those that satisfy a rule.
    pub fn retain(&mut self, keep: impl Fn(&FiledRequest) -> bool) {
        self.0.retain(|_, held| keep(held));
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bound(&mut self) {
        while self.0.len() > MAX_REQUESTS {
            let when = |h: &FiledRequest| h.over.map(|o| o.0).max(h.asked.as_ref().map(|a| a.0));
            // What is over goes first, the oldest of it before all.
            let first = self
                .0
                .iter()
                .min_by_key(|(id, h)| (h.over.is_none(), when(h), *id));
            let Some(id) = first.map(|(id, _)| id.clone()) else {
                return;
            };
            self.0.remove(&id);
        }
    }
}
