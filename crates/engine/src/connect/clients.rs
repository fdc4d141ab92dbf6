//! Which clients understand our entries. One before 2.1.101 refuses a settings file with an event
//! that it does not know, and stays at an error at its start; later ones pass over it.

use super::ConnectError;
use trusty_fleet::{Session, SessionStatus, Snapshot};

/// The first version that passes over events it does not know.
const FIRST: [u32; 3] = [2, 1, 101];

/// Whether all that run understand our entries. One that does not tell its version is taken for
/// one that does not.
pub(super) fn all_understand(running: &Snapshot) -> Result<(), ConnectError> {
    let mut alive = running
        .sessions
        .iter()
        .filter(|s| s.status != SessionStatus::Stopped);
    match alive.find_map(objection) {
        Some(words) => Err(ConnectError::OldClient(words)),
        None => Ok(()),
    }
}

fn objection(session: &Session) -> Option<String> {
    // Whatever that is, it is not known to read our entries.
    if session.unconfirmed.is_some() {
        return None;
    }
    let version = session.claude.as_ref().and_then(|c| c.version.as_deref());
    if version.and_then(numbers).is_some_and(|v| v >= FIRST) {
        return None;
    }
    let who = format!(
        "the session in {} (pid {})",
        session.workdir,
        session.pid.unwrap_or(0)
    );
    Some(match (version, session.status) {
        (None, SessionStatus::Starting) => {
            format!("{who} is starting and has not told its version yet; try again in a moment")
        }
        (None, _) => format!(
            "{who} does not tell its version, so it is too old to be connected; end it, update \
             Claude Code and try again"
        ),
        (Some(version), _) => format!(
            "{who} runs Claude Code {version}, which is too old to be connected; end it, update \
             Claude Code to 2.1.101 or later and try again"
        ),
    })
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-', '+']).map(str::parse);
    let mut next = || parts.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::SessionId;
    use trusty_fleet::session::{ClaudeInfo, ControlModel};

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
            (None, Active, Some("does not tell its version")),
            (None, Starting, Some("try again in a moment")),
        ] {
            let told = objection(&session(version, status));
            let told = told.filter(|_| status != Stopped);
            assert_eq!(told.is_some(), refused.is_some(), "{version:?} {told:?}");
            let words = told.unwrap_or_default();
            assert!(words.contains(refused.unwrap_or_default()), "{words}");
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
