//! Finding the session that a word on the command line names.

use crate::session::Session;
use crate::text::folder;
use std::path::Path;

/// The fewest characters of an id that can name a session.
const MIN_ID_PREFIX_CHARS: usize = 6;

/// Why a word does not name exactly one session.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectionError<'a> {
    /// No session matches the word.
    Unknown,
    /// All these sessions match the word.
    Ambiguous(Vec<&'a Session>),
}

/// Finds the session that `word` names.
///
/// A pid or a full id comes first. Otherwise the word is compared with the tmux name, the folder,
/// the folder of the project, the name that the user gave, and the beginning of the id (six or more
/// characters).
///
/// # Errors
///
/// [`SelectionError`] if no session matches, or if several do.
pub fn select<'a>(sessions: &'a [Session], word: &str) -> Result<&'a Session, SelectionError<'a>> {
    let lower = word.to_ascii_lowercase();
    let pid: Option<u32> = word.parse().ok();
    let exact = |s: &&Session| (pid.is_some() && s.pid == pid) || s.id.to_string() == lower;
    if let Some(one) = sessions.iter().find(exact) {
        return Ok(one);
    }
    let is_prefix = word.chars().count() >= MIN_ID_PREFIX_CHARS;
    let called = |s: &&Session| {
        s.tmux_name == word
            || is_called(s, word)
            || (is_prefix && s.id.to_string().starts_with(&lower))
    };
    let found: Vec<&Session> = match word {
        "" => Vec::new(),
        _ => sessions.iter().filter(called).collect(),
    };
    match found[..] {
        [] => Err(SelectionError::Unknown),
        [one] => Ok(one),
        _ => Err(SelectionError::Ambiguous(found)),
    }
}

/// Whether the session's folder, its project's folder or the name that the user gave is `word`.
fn is_called(session: &Session, word: &str) -> bool {
    let given = session
        .claude
        .as_ref()
        .filter(|c| c.named_by_owner)
        .and_then(|c| c.name.as_deref());
    let project = session.project_path.as_deref().map(folder);
    folder(Path::new(&session.workdir)) == word
        || project.as_deref() == Some(word)
        || given == Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SessionId;
    use crate::session::ControlModel;
    use uuid::Uuid;

    fn session(id: u128, pid: u32, workdir: &str, tmux: &str) -> Session {
        let mut s = Session::new(
            SessionId(Uuid::from_u128(id)),
            workdir,
            ControlModel::Tmux,
            None,
        );
        s.pid = Some(pid);
        s.tmux_name = tmux.into();
        s
    }

    #[test]
    fn a_word_names_a_session() {
        let sessions = [
            session(0xabcd_ef00 << 96, 10, "/home/dev/api", "work"),
            session(0xabcd_ef11 << 96, 11, "/home/dev/web", "api"),
            session(0x1234_5678 << 96, 123_456, "/tmp/api", "main"),
            // tmux names its first session "0".
            session(0x7777_7777 << 96, 13, "/tmp/zero", "0"),
        ];
        let pid = |word: &str| match select(&sessions, word) {
            Ok(s) => format!("{}", s.pid.unwrap_or(0)),
            Err(SelectionError::Unknown) => "unknown".into(),
            Err(SelectionError::Ambiguous(found)) => format!("{} candidates", found.len()),
        };
        for (word, expected) in [
            ("10", "10"),
            ("123456", "123456"),
            ("12", "unknown"),
            ("99999999999999999999", "unknown"),
            ("", "unknown"),
            ("work", "10"),
            ("api", "3 candidates"),
            ("main", "123456"),
            ("0", "13"),
            ("web", "11"),
            ("abcde", "unknown"),
            ("abcdef", "2 candidates"),
            ("ABCDEF11", "11"),
            ("abcdef00-0000-0000-0000-000000000000", "10"),
            ("nothing", "unknown"),
        ] {
            assert_eq!(pid(word), expected, "{word:?}");
        }
        let mut named = session(5, 5, "/home/dev/repo/sub", "t5");
        named.project_path = Some("/home/dev/repo".into());
        named.claude = Some(crate::session::ClaudeInfo {
            name: Some("Release day".into()),
            named_by_owner: true,
            ..crate::session::ClaudeInfo::default()
        });
        let named = [named];
        for word in ["repo", "sub", "Release day", "t5", "5"] {
            assert!(select(&named, word).is_ok(), "{word}");
        }
        let twins = [session(1, 1, "/a/x", "s"), session(2, 2, "/b/x", "t")];
        assert!(
            matches!(select(&twins, "x"), Err(SelectionError::Ambiguous(found)) if found.len() == 2)
        );
    }
}
