//! Claude Code's own words for a status. `status` is one of four words; `waitingFor` is free text
//! that has changed between versions ("approve Bash" became "permission prompt").

use crate::observation::RegistryEntry;
use crate::session::NeedKind;

/// The status that a registry entry reports, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StatusWord {
    Missing,
    Busy,
    Idle,
    Shell,
    Need {
        kind: NeedKind,
        tool: Option<String>,
        known: bool,
    },
    Menu,
    UnknownWait(String),
    Unknown(String),
}

impl StatusWord {
    pub(crate) fn from_entry(entry: &RegistryEntry) -> Self {
        match entry.status.as_deref() {
            None => Self::Missing,
            Some("busy") => Self::Busy,
            Some("idle") => Self::Idle,
            Some("shell") => Self::Shell,
            Some("waiting") => Self::waiting(entry.waiting_for.as_deref().unwrap_or_default()),
            Some(other) => Self::Unknown(other.to_owned()),
        }
    }

    fn waiting(text: &str) -> Self {
        let need = |kind, known| Self::Need {
            kind,
            tool: None,
            known,
        };
        if let Some(tool) = text.strip_prefix("approve ") {
            return Self::Need {
                kind: NeedKind::Permission,
                tool: Some(tool.to_owned()),
                known: true,
            };
        }
        match text {
            "permission prompt" | "sandbox request" | "worker request" | "goal proposal" => {
                need(NeedKind::Permission, true)
            }
            "input needed" => need(NeedKind::Question, true),
            "dialog open" => Self::Menu,
            // The text has changed before. A text that speaks of permission or of an answer is
            // taken for a need, marked inferred: a missed need costs more than a glance.
            other => {
                let has = |words: &[&str]| words.iter().any(|w| other.contains(w));
                if has(&["permission", "approv", "request", "proposal"]) {
                    need(NeedKind::Permission, false)
                } else if has(&["input", "question", "answer"]) {
                    need(NeedKind::Question, false)
                } else {
                    Self::UnknownWait(other.to_owned())
                }
            }
        }
    }
}
