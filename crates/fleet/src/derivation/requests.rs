//! Answers to requests: whether one can be given now, and which settings it changes.

use super::Fleet;
use crate::given_answer::{SettingsChange, SettingsFolders, changes_of_offer};
use crate::identity::SessionId;
use crate::request::RequestId;
use crate::session_requests::{self, AnswerReadiness};
use crate::time::Timestamp;
use serde_json::Value;
use std::path::Path;

impl Fleet {
    /// Whether a request of a session can be answered at `now`.
    pub fn answerable(
        &self,
        id: SessionId,
        request: &RequestId,
        now: Timestamp,
    ) -> AnswerReadiness {
        let known = self
            .entries(now)
            .find(|k| self.machine.session_id(k.key) == id);
        known.map_or(AnswerReadiness::NotPending, |known| {
            session_requests::answer_readiness(&known, request)
        })
    }

    /// What Claude Code changes in its settings when this offer to the session is accepted; empty
    /// for an unknown session or an offer of unknown form.
    pub fn changes_of_offer(
        &self,
        id: SessionId,
        offer: &Value,
        now: Timestamp,
    ) -> Vec<SettingsChange> {
        let mut known = self.entries(now);
        let Some(known) = known.find(|k| self.machine.session_id(k.key) == id) else {
            return Vec::new();
        };
        let named = known.entry.and_then(|entry| entry.cwd.as_deref());
        let workdir = named.map(Path::new).or(known.process.facts.cwd.as_deref());
        match (workdir, known.dir()) {
            (Some(workdir), Some(config)) => {
                changes_of_offer(offer, SettingsFolders { workdir, config })
            }
            _ => Vec::new(),
        }
    }
}
