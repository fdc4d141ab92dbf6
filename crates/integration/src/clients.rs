//! Which clients understand our entries. One before 2.1.101 refuses a settings file with an event
//! that it does not know, and stays at an error at its start; later ones pass over it.

use super::ConnectError;
use std::path::Path;
use trusty_fleet::session::Source;
use trusty_fleet::{Session, SessionStatus, Snapshot};

/// The first version that passes over events it does not know.
const MIN_CLIENT_VERSION: [u32; 3] = [2, 1, 101];

/// Whether all that run understand our entries. One that does not tell its version is taken for
/// one that does not.
pub(super) fn all_understand(running: &Snapshot) -> Result<(), ConnectError> {
    let mut alive = running
        .sessions
        .iter()
        .filter(|s| s.status != SessionStatus::Stopped);
    match alive.find_map(|session| conflict_of(session, running)) {
        Some(words) => Err(ConnectError::OldClient(words)),
        None => Ok(()),
    }
}

fn conflict_of(session: &Session, running: &Snapshot) -> Option<String> {
    // Whatever that is, it is not known to read our entries.
    if session.unconfirmed.is_some() {
        return None;
    }
    let version = session.claude.as_ref().and_then(|c| c.version.as_deref());
    if version
        .and_then(version_numbers)
        .is_some_and(|v| v >= MIN_CLIENT_VERSION)
    {
        return None;
    }
    let who = format!(
        "the session in {} (pid {})",
        session.workdir,
        session.pid.unwrap_or(0)
    );
    if version.is_none()
        && let Some(unread) = unread_registry(session, running)
    {
        return Some(format!(
            "the version of {who} is unknown: {unread}; then try again"
        ));
    }
    Some(match (version, session.status) {
        (None, SessionStatus::Starting) => {
            format!("{who} is starting and has not reported its version yet; try again in a moment")
        }
        (None, _) => format!(
            "{who} reports no version, so its Claude Code is too old for these hooks; stop the \
             session, update Claude Code and try again"
        ),
        (Some(version), _) => format!(
            "{who} runs Claude Code {version}, which is too old for these hooks; stop the session, \
             update Claude Code to 2.1.101 or later and try again"
        ),
    })
}

/// Why what a session says of itself could not be read, if that is so.
fn unread_registry(session: &Session, running: &Snapshot) -> Option<String> {
    let file = format!("sessions/{}.json", session.pid?);
    let unread = running.health.iter().find(|health| {
        let subject = Path::new(&health.subject);
        health.source == Source::Registry
            && (subject.ends_with("sessions") || subject.ends_with(&file))
    })?;
    Some(format!("{}: {}", unread.subject, unread.message))
}

fn version_numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-', '+']).map(str::parse);
    let mut next = || parts.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::SessionId;
    use trusty_fleet::session::{ClaudeInfo, ControlModel};
    use trusty_fleet::snapshot::HealthIssue;

    fn session(version: Option<&str>, status: SessionStatus) -> Session {
        let mut session = Session::new(SessionId::new(), "/w", ControlModel::Pty, None);
        session.status = status;
        session.claude = version.map(|version| ClaudeInfo {
            version: Some(version.to_owned()),
            ..ClaudeInfo::default()
        });
        session
    }

    #[test]
    fn only_clients_that_understand_us_are_connected() {
        use SessionStatus::{Active, Starting, Stopped};
        for (version, status, refused) in [
            (Some("2.1.330"), Active, None),
            (Some("2.1.101"), Active, None),
            (Some("2.2.0-beta.1"), Active, None),
            (Some("3.0.0"), Active, None),
            (Some("2.1.100"), Active, Some("runs Claude Code 2.1.100")),
            (Some("2.0.77"), Active, Some("too old")),
            (Some("2.0.77"), Stopped, None),
            (Some("new"), Active, Some("too old")),
            (None, Active, Some("reports no version")),
            (None, Starting, Some("try again in a moment")),
        ] {
            let told = conflict_of(&session(version, status), &Snapshot::default());
            let told = told.filter(|_| status != Stopped);
            assert_eq!(told.is_some(), refused.is_some(), "{version:?} {told:?}");
            let words = told.unwrap_or_default();
            assert!(words.contains(refused.unwrap_or_default()), "{words}");
        }
        let unread = Snapshot {
            health: vec![HealthIssue {
                source: Source::Registry,
                subject: "/h/.claude/sessions".into(),
                message: "not read: run `chmod 700 /h/.claude`".into(),
                since: std::time::SystemTime::UNIX_EPOCH,
            }],
            ..Snapshot::default()
        };
        let mut without = session(None, Active);
        without.pid = Some(7);
        for status in [Active, Starting] {
            without.status = status;
            let told = conflict_of(&without, &unread).expect("the version is unknown");
            let is_true = !told.contains("too old") && !told.contains("in a moment");
            assert!(
                told.contains("run `chmod 700 /h/.claude`") && is_true,
                "{told}"
            );
        }
        let mut running = Snapshot {
            sessions: vec![session(Some("2.0.77"), Stopped)],
            ..Snapshot::default()
        };
        all_understand(&running).expect("what has ended reads nothing");
        running.sessions.push(session(None, Active));
        all_understand(&running).expect_err("one that runs");
    }
}
