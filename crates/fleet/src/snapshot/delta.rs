//! The difference between two snapshots, for receivers that have the first.

use super::{FolderHooks, HealthIssue, Snapshot};
use crate::identity::SessionId;
use crate::session::Session;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// What turns one snapshot into the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotDelta {
    /// The revision of the snapshot that results.
    pub revision: u64,
    /// Sessions that are new or have changed, in full.
    pub sessions: Vec<Session>,
    /// The ids of all sessions, in the order of the snapshot.
    pub order: Vec<SessionId>,
    /// The ids of sessions that are no longer listed.
    pub gone: Vec<SessionId>,
    /// What is wrong with the sources; empty when all is well.
    pub health: Vec<HealthIssue>,
    /// Whether Trusty Bar's hooks are installed, for each config folder that was checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<FolderHooks>,
}

impl Snapshot {
    /// The delta that turns `before` into this snapshot.
    pub fn delta_from(&self, before: &Self) -> SnapshotDelta {
        let old: BTreeMap<SessionId, &Session> =
            before.sessions.iter().map(|s| (s.id, s)).collect();
        let is_new = |s: &&Session| old.get(&s.id) != Some(s);
        let now: BTreeSet<SessionId> = self.sessions.iter().map(|s| s.id).collect();
        SnapshotDelta {
            revision: self.revision,
            sessions: self.sessions.iter().filter(is_new).cloned().collect(),
            order: self.sessions.iter().map(|s| s.id).collect(),
            gone: old.into_keys().filter(|id| !now.contains(id)).collect(),
            health: self.health.clone(),
            connections: self.connections.clone(),
        }
    }

    /// The snapshot that results from `delta`.
    #[must_use]
    pub fn apply(&self, delta: &SnapshotDelta) -> Self {
        let all = self.sessions.iter().chain(&delta.sessions);
        let known: BTreeMap<SessionId, &Session> = all.map(|s| (s.id, s)).collect();
        let sessions = delta.order.iter();
        Self {
            revision: delta.revision,
            sessions: sessions
                .filter_map(|id| known.get(id).copied().cloned())
                .collect(),
            health: delta.health.clone(),
            connections: delta.connections.clone(),
        }
    }
}

impl SnapshotDelta {
    /// A delta that leads from either starting point to the snapshot that both deltas lead to.
    #[must_use]
    pub fn combined_with(mut self, other: Self) -> Self {
        for session in other.sessions {
            if !self.sessions.iter().any(|s| s.id == session.id) {
                self.sessions.push(session);
            }
        }
        for id in other.gone {
            if !self.gone.contains(&id) {
                self.gone.push(id);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{ControlModel, ResourceUsage, Source};
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};

    fn session() -> impl Strategy<Value = Session> {
        (0..6_u128, 0..3_u64).prop_map(|(n, rss)| {
            let id = SessionId(uuid::Uuid::from_u128(n));
            let mut session = Session::new(id, "/x", ControlModel::Pty, None);
            session.created_at = SystemTime::UNIX_EPOCH;
            session.last_seen = SystemTime::UNIX_EPOCH + Duration::from_secs(rss);
            session.usage = Some(ResourceUsage { cpu: 1.0, rss });
            session
        })
    }

    fn snapshot() -> impl Strategy<Value = Snapshot> {
        let sessions = prop::collection::vec(session(), 0..6);
        (any::<u64>(), sessions, 0..3_u32).prop_map(|(revision, mut sessions, ill)| {
            let mut seen = BTreeSet::new();
            sessions.retain(|s| seen.insert(s.id));
            let health = (0..ill).map(|n| HealthIssue {
                source: Source::Tmux,
                subject: n.to_string(),
                message: String::new(),
                since: SystemTime::UNIX_EPOCH,
            });
            Snapshot {
                revision,
                sessions,
                health: health.collect(),
                connections: Vec::new(),
            }
        })
    }

    proptest! {
        #[test]
        fn a_delta_leads_from_one_snapshot_to_the_next(before in snapshot(), after in snapshot()) {
            let delta = after.delta_from(&before);
            prop_assert_eq!(&before.apply(&delta), &after);
            for session in &delta.sessions {
                prop_assert!(!before.sessions.contains(session), "unchanged sessions are left out");
            }
            let ids = |of: &Snapshot| of.sessions.iter().map(|s| s.id).collect::<BTreeSet<_>>();
            let gone: BTreeSet<_> = delta.gone.iter().copied().collect();
            let wanted: BTreeSet<_> = ids(&before).difference(&ids(&after)).copied().collect();
            prop_assert_eq!(gone, wanted);
        }

        #[test]
        fn of_two_beginnings_one_delta_leads_from_both(
            one in snapshot(), two in snapshot(), after in snapshot(),
        ) {
            let delta = after.delta_from(&one).combined_with(after.delta_from(&two));
            prop_assert_eq!(&one.apply(&delta), &after);
            prop_assert_eq!(&two.apply(&delta), &after);
        }
    }
}
