//! Words of Claude Code's registry that this version of Trusty Bar does not know. They come with new
//! versions of Claude Code, and each makes a status less certain.

use crate::observation::RegistryEntry;
use crate::session_evidence::StatusWord;
use serde::{Deserialize, Serialize};

/// The status of an entry whose file is of an unknown form, a word that Claude Code never writes. It
/// says that the file exists and that the activity of its session is unknown.
pub const NOT_UNDERSTOOD_STATUS: &str = "(not understood)";

/// A word that is not known, and the field that holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnknownWord {
    /// The field as Claude Code calls it: `status`, `waitingFor`, `kind`, …
    pub field: String,
    /// The word.
    pub word: String,
}

/// Kinds of sessions; all that begin with `daemon` are known, too.
const KNOWN_KINDS: [&str; 3] = ["background", "bg", "interactive"];
/// How Claude Code is started; all that begin with `sdk` are known, too.
const KNOWN_ENTRYPOINTS: [&str; 7] = [
    "claude-desktop",
    "claude-desktop-3p",
    "claude-vscode",
    "cli",
    "local-agent",
    "mcp",
    "remote",
];
/// Where the name of a session comes from.
const KNOWN_NAME_SOURCES: [&str; 2] = ["derived", "user"];

/// The words of a registry entry that are not known.
pub fn unknown_words(entry: &RegistryEntry) -> Vec<UnknownWord> {
    let status = match StatusWord::from_entry(entry) {
        StatusWord::Unknown(word) => Some(("status", word)),
        StatusWord::UnknownWait(_) | StatusWord::Need { known: false, .. } => {
            let word = entry.waiting_for.clone().unwrap_or_default();
            Some(("waitingFor", word))
        }
        StatusWord::Missing
        | StatusWord::Busy
        | StatusWord::Idle
        | StatusWord::Shell
        | StatusWord::Need { known: true, .. }
        | StatusWord::Menu => None,
    };
    let other = |field, word: &Option<String>, is_known: fn(&str) -> bool| {
        let word = word.as_ref().filter(|word| !is_known(word))?;
        Some((field, word.clone()))
    };
    let words = [
        status,
        other("kind", &entry.kind, |word| {
            KNOWN_KINDS.contains(&word) || word.starts_with("daemon")
        }),
        other("entrypoint", &entry.entrypoint, |word| {
            KNOWN_ENTRYPOINTS.contains(&word) || word.starts_with("sdk")
        }),
        other("nameSource", &entry.name_source, |word| {
            KNOWN_NAME_SOURCES.contains(&word)
        }),
    ];
    let words = words.into_iter().flatten();
    words
        .map(|(field, word)| UnknownWord {
            field: field.to_owned(),
            word,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_silent_and_others_are_named_with_their_field() {
        let entry = |status: &str, waiting_for: &str, kind: &str, entrypoint: &str| {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let entry = RegistryEntry {
                status: some(status),
                waiting_for: some(waiting_for),
                kind: some(kind),
                entrypoint: some(entrypoint),
                ..RegistryEntry::default()
            };
            let words = unknown_words(&entry).into_iter();
            let words: Vec<String> = words.map(|w| format!("{}={}", w.field, w.word)).collect();
            words.join(" ")
        };
        assert_eq!(entry("busy", "", "interactive", "cli"), "");
        assert_eq!(
            entry("waiting", "approve Bash", "daemon-worker", "sdk-py"),
            ""
        );
        assert_eq!(
            entry("waiting", "permission prompt", "bg", "claude-vscode"),
            ""
        );
        assert_eq!(entry("dreaming", "", "", ""), "status=dreaming");
        assert_eq!(entry("waiting", "moon", "", ""), "waitingFor=moon");
        assert_eq!(
            entry("waiting", "your approval", "swarm", "watch"),
            "waitingFor=your approval kind=swarm entrypoint=watch"
        );
    }
}
