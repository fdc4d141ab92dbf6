//! The difference between two snapshots.

use crate::identity::SessionId;
use crate::session::{Activity, Session};
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

/// What happened to one session between two snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SessionChange {
    /// The session is new.
    Appeared(Box<Session>),
    /// The session differs in substance, see [`differ`].
    Changed {
        /// The session in the earlier snapshot.
        before: Box<Session>,
        /// The session in the later snapshot.
        after: Box<Session>,
    },
    /// The session is not in the later snapshot.
    Gone(SessionId),
}

/// Whether two states of a session differ in more than figures that change all the time.
pub fn differ_in_substance(a: &Session, b: &Session) -> bool {
    without_figures(a) != without_figures(b)
}

fn without_figures(session: &Session) -> Session {
    let mut copy = session.clone();
    copy.last_seen = copy.created_at;
    copy.usage = None;
    if let Some(Activity::Retrying { next_at, .. }) = &mut copy.activity {
        *next_at = None;
    }
    if let Some(because) = &mut copy.because {
        because.observed_at = because.since;
    }
    copy
}

/// What changed from `before` to `after`: first the sessions that are gone, then the others in
/// order.
pub fn diff_snapshots(before: &Snapshot, after: &Snapshot) -> Vec<SessionChange> {
    let find = |list: &Snapshot, id: SessionId| list.sessions.iter().find(|s| s.id == id).cloned();
    let gone = before
        .sessions
        .iter()
        .filter(|s| find(after, s.id).is_none())
        .map(|s| SessionChange::Gone(s.id));
    let new = after
        .sessions
        .iter()
        .filter_map(|s| match find(before, s.id) {
            None => Some(SessionChange::Appeared(Box::new(s.clone()))),
            Some(old) if differ_in_substance(&old, s) => Some(SessionChange::Changed {
                before: Box::new(old),
                after: Box::new(s.clone()),
            }),
            Some(_) => None,
        });
    gone.chain(new).collect()
}

/// Whether two snapshots differ in anything but their revision and figures that change all the
/// time.
pub fn is_news(before: &Snapshot, after: &Snapshot) -> bool {
    before.health != after.health
        || before.connections != after.connections
        || before.sessions.len() != after.sessions.len()
        || before
            .sessions
            .iter()
            .zip(&after.sessions)
            .any(|(a, b)| differ_in_substance(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{ControlModel, ResourceUsage, SessionStatus};

    #[test]
    fn only_substance_is_a_change() {
        let session = |n| {
            Session::new(
                SessionId(uuid::Uuid::from_u128(n)),
                "/x",
                ControlModel::Pty,
                None,
            )
        };
        let (one, two) = (session(1), session(2));
        let snapshot = |sessions: Vec<Session>| Snapshot {
            sessions,
            ..Snapshot::default()
        };
        let before = snapshot(vec![one.clone(), two.clone()]);

        let mut seen = one.clone();
        seen.touch();
        seen.usage = Some(ResourceUsage { cpu: 1.0, rss: 1 });
        let same = snapshot(vec![seen, two.clone()]);
        assert_eq!(diff_snapshots(&before, &same), []);
        assert!(!is_news(&before, &same));

        let mut active = one.clone();
        active.status = SessionStatus::Active;
        let three = session(3);
        let after = snapshot(vec![active.clone(), three.clone()]);
        assert!(is_news(&before, &after));
        assert_eq!(
            diff_snapshots(&before, &after),
            [
                SessionChange::Gone(two.id),
                SessionChange::Changed {
                    before: Box::new(one),
                    after: Box::new(active)
                },
                SessionChange::Appeared(Box::new(three)),
            ]
        );
    }
}
