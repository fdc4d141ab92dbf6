//! Who gave an answer, for the record and the row.

use crate::identity::SessionId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use utoipa::ToSchema;

/// Where an answer was given.
///
/// * `popover`: in the app's popover
/// * `notification`: with a button of a notification
/// * `terminal`: with `trusty`, after a letter typed in a terminal
/// * `program`: by a program, over the local API
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerChannel {
    /// In the app's popover.
    Popover,
    /// With a button of a notification.
    Notification,
    /// With `trusty`, after a letter typed in a terminal.
    Terminal,
    /// By a program, over the local API.
    Program,
}

impl AnswerChannel {
    /// The channel's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Popover => "popover",
            Self::Notification => "notification",
            Self::Terminal => "terminal",
            Self::Program => "program",
        }
    }

    /// The channel with this name on the wire; `None` for an unknown name.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Popover,
            Self::Notification,
            Self::Terminal,
            Self::Program,
        ];
        all.into_iter().find(|channel| channel.as_str() == word)
    }
}

/// Who gave an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerAuthor {
    /// Where the answer was given.
    pub channel: AnswerChannel,
    /// The process that gave the answer; none where that is not known.
    pub pid: Option<u32>,
    /// The path of that process's executable.
    pub executable: Option<PathBuf>,
    /// The controlling terminal of that process, such as `/dev/pts/7`.
    pub tty: Option<String>,
    /// The session that started the process, if one did. Such a process may only deny, and only
    /// without a message, or return a request to the terminal.
    pub session: Option<SessionId>,
}

impl AnswerAuthor {
    /// An author of whom only the channel is known, such as the app that runs the engine.
    pub fn own_face(channel: AnswerChannel) -> Self {
        Self {
            channel,
            pid: None,
            executable: None,
            tty: None,
            session: None,
        }
    }
}
