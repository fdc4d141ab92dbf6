//! When the system must let the app run at full speed in the background: a hook waits for the app's
//! signs of life, and a session that works may need the user at any moment.

use crate::platform;
use tauri::AppHandle;
use trusty_daemon::AppSessions;
use trusty_fleet::Snapshot;
use trusty_fleet::session::{Activity, Session, SessionStatus};

/// Why the app must not be slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActivityReason {
    /// A hook waits for an answer, and gives up without signs of life.
    RequestHeld,
    /// A session works.
    SessionWorks,
}

impl ActivityReason {
    /// The words that the system's tools show.
    fn words(self) -> &'static str {
        match self {
            Self::RequestHeld => "A Claude Code request is waiting for an answer",
            Self::SessionWorks => "A Claude Code session is working",
        }
    }
}

/// Why the app must not be slowed down now; `None` while nothing waits or works.
fn activity_reason(snapshot: &Snapshot) -> Option<ActivityReason> {
    let sessions = &snapshot.sessions;
    let held = sessions.iter().flat_map(|s| &s.requests).any(|r| r.held);
    let works = sessions.iter().any(is_working);
    if held {
        Some(ActivityReason::RequestHeld)
    } else {
        works.then_some(ActivityReason::SessionWorks)
    }
}

fn is_working(session: &Session) -> bool {
    let runs = match session.status {
        SessionStatus::Starting
        | SessionStatus::Active
        | SessionStatus::AwaitingApproval
        | SessionStatus::Detached => true,
        SessionStatus::Paused | SessionStatus::Stopped => false,
    };
    runs && matches!(session.activity, Some(Activity::Working { .. }))
}

/// Holds an activity of the system for as long as there is a reason, until the engine ends.
pub(crate) fn hold_while_needed(app: &AppHandle, engine: &AppSessions) {
    let mut snapshots = engine.face().handle().snapshots();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut known = None;
        loop {
            let ended = snapshots.changed().await.is_err();
            let reason = if ended {
                None
            } else {
                activity_reason(&snapshots.borrow_and_update())
            };
            if reason != known {
                known = reason;
                let words = reason.map(ActivityReason::words);
                // The call fails only when the app exits.
                let _ = app.run_on_main_thread(move || platform::set_activity(words));
            }
            if ended {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;
    use trusty_fleet::SessionId;
    use trusty_fleet::request::{RequestId, RequestKind};
    use trusty_fleet::session::{ControlModel, SessionRequest};

    fn session(status: SessionStatus, activity: impl Into<Option<Activity>>) -> Session {
        Session {
            status,
            activity: activity.into(),
            ..Session::new(SessionId::default(), "/tmp/w", ControlModel::Pty, None)
        }
    }

    fn working() -> Activity {
        Activity::Working {
            tool: None,
            detail: None,
            since: SystemTime::UNIX_EPOCH,
        }
    }

    fn with_request(held: bool) -> Session {
        let request = SessionRequest {
            id: RequestId("a".into()),
            kind: RequestKind::Permission,
            tool: "Bash".into(),
            detail: None,
            agent: None,
            held,
            programs: false,
            until: None,
            since: SystemTime::UNIX_EPOCH,
        };
        Session {
            requests: vec![request],
            ..session(SessionStatus::AwaitingApproval, None)
        }
    }

    fn reason(sessions: Vec<Session>) -> Option<ActivityReason> {
        activity_reason(&Snapshot {
            sessions,
            ..Snapshot::default()
        })
    }

    #[test]
    fn the_app_runs_at_full_speed_while_a_hook_waits_or_a_session_works() {
        let idle = Some(Activity::Idle {
            since: SystemTime::UNIX_EPOCH,
        });
        assert_eq!(reason(vec![]), None);
        assert_eq!(reason(vec![session(SessionStatus::Active, idle)]), None);
        assert_eq!(
            reason(vec![session(SessionStatus::Paused, working())]),
            None
        );
        assert_eq!(
            reason(vec![session(SessionStatus::Stopped, working())]),
            None
        );
        // A request that only the terminal can answer waits for no sign of life.
        assert_eq!(reason(vec![with_request(false)]), None);
        for status in [SessionStatus::Active, SessionStatus::Detached] {
            let works = session(status, working());
            assert_eq!(reason(vec![works]), Some(ActivityReason::SessionWorks));
        }
        let both = vec![
            session(SessionStatus::Active, working()),
            with_request(true),
        ];
        assert_eq!(reason(both), Some(ActivityReason::RequestHeld));
    }
}
