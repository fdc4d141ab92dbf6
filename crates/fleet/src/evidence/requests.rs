//! The requests of one session that hooks hold or held.

use crate::request::{HookOutcome, PermissionRequest, RequestId};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The most requests that are kept of one session.
const MAX_REQUESTS: usize = 64;

/// The requests of one session, by id. Filing does not depend on the order of the facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FiledRequests(BTreeMap<RequestId, FiledRequest>);

/// One request, and how its hold ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FiledRequest {
    /// When the request was made, and its content.
    pub asked: Option<(Timestamp, PermissionRequest)>,
    /// When the hook was released, and how.
    pub over: Option<(Timestamp, HookOutcome)>,
}

impl FiledRequests {
    /// Files a request.
    pub fn file_request(&mut self, at: Timestamp, asking: PermissionRequest) {
        let held = self.0.entry(asking.id.clone()).or_default();
        let new = Some((at, asking));
        // An id is asked once; of two reports, the earlier counts.
        if held.asked.is_none() || new < held.asked {
            held.asked = new;
        }
        self.bound();
    }

    /// Files the end of a request's hold.
    pub fn record_outcome(&mut self, at: Timestamp, id: RequestId, how: HookOutcome) {
        let held = self.0.entry(id).or_default();
        let new = Some((at, how));
        if held.over.is_none() || new < held.over {
            held.over = new;
        }
        self.bound();
    }

    /// The requests whose content is known, the oldest first.
    pub fn oldest_first(&self) -> Vec<(Timestamp, &PermissionRequest, &FiledRequest)> {
        let known = self.0.values();
        let mut all: Vec<_> = known
            .filter_map(|held| Some((held.asked.as_ref()?, held)))
            .map(|((at, asking), held)| (*at, asking, held))
            .collect();
        all.sort_by_key(|(at, asking, _)| (*at, &asking.id));
        all
    }

    /// Keeps the requests that satisfy `keep`.
    pub fn retain(&mut self, keep: impl Fn(&FiledRequest) -> bool) {
        self.0.retain(|_, held| keep(held));
    }

    /// Whether no request is on file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bound(&mut self) {
        while self.0.len() > MAX_REQUESTS {
            let when = |h: &FiledRequest| h.over.map(|o| o.0).max(h.asked.as_ref().map(|a| a.0));
            // Requests that are over go first, the oldest of them before the others.
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
