//! Answers that were given from here: the record of each, and what is said of the newest one.

mod author;
mod settings_change;

pub use author::{AnswerAuthor, AnswerChannel};
pub use settings_change::{SettingsChange, SettingsFolders, changes_of_offer};

use crate::identity::SessionId;
use crate::request::{Answer, RequestId};
use crate::time::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use utoipa::ToSchema;

/// How long the row of a session says who answered it.
pub const ANSWER_DISPLAY_TIME: Duration = Duration::from_mins(1);

/// What kind of answer was given, without its content.
///
/// * `approve`: yes, this once
/// * `always`: yes, and what Claude Code offers so as not to be asked again
/// * `deny`: no
/// * `stop`: no, and the turn ended
/// * `answer`: answers to questions
/// * `release`: none; the terminal asks
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// Yes, this once.
    Approve,
    /// Yes, and what Claude Code offers so as not to be asked again.
    Always,
    /// No.
    Deny,
    /// No, and the turn ended.
    Stop,
    /// Answers to questions.
    Answer,
    /// None; the terminal asks.
    Release,
}

impl AnswerKind {
    /// The kind of an answer.
    pub fn from_answer(answer: &Answer) -> Self {
        match answer {
            Answer::Allow {} => Self::Approve,
            Answer::Always { .. } => Self::Always,
            Answer::Deny { .. } => Self::Deny,
            Answer::Stop { .. } => Self::Stop,
            Answer::Choose { .. } => Self::Answer,
            Answer::Release {} => Self::Release,
        }
    }

    /// What was done: "approved".
    pub fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Always => "always approved",
            Self::Deny => "denied",
            Self::Stop => "denied and stopped",
            Self::Answer => "answered",
            Self::Release => "returned to the terminal",
        }
    }
}

/// An answer that a client took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GivenAnswer {
    /// The request that it applied to.
    pub request: RequestId,
    /// Its kind.
    pub kind: AnswerKind,
    /// Where it was given.
    pub by: AnswerChannel,
    /// The process that gave it; none where that is not known.
    pub pid: Option<u32>,
    /// The path of that process's executable.
    pub executable: Option<PathBuf>,
    /// Its controlling terminal, `/dev/pts/7`.
    pub tty: Option<String>,
    /// What Claude Code changes in its settings for it.
    pub changes: Vec<SettingsChange>,
}

impl GivenAnswer {
    /// An answer of this author.
    pub fn new(
        request: RequestId,
        answer: &Answer,
        author: &AnswerAuthor,
        changes: Vec<SettingsChange>,
    ) -> Self {
        Self {
            request,
            kind: AnswerKind::from_answer(answer),
            by: author.channel,
            pid: author.pid,
            executable: author.executable.clone(),
            tty: author.tty.clone(),
            changes,
        }
    }

    /// What is recorded of it.
    pub fn record(&self, session: SessionId, time: SystemTime) -> AnswerRecord {
        let executable = self.executable.as_deref().map(Path::to_string_lossy);
        AnswerRecord {
            time,
            by: self.by,
            pid: self.pid,
            executable: executable.map(std::borrow::Cow::into_owned),
            tty: self.tty.clone(),
            session,
            request: self.request.clone(),
            kind: self.kind,
        }
    }

    /// What a session says of it at `now`, if it was given at `at`: nothing once a minute has
    /// passed, and nothing of what the user clicked a moment ago and changes no settings.
    pub(crate) fn visible_answer(&self, at: Timestamp, now: Timestamp) -> Option<RecentAnswer> {
        let is_own_click = matches!(
            self.by,
            AnswerChannel::Popover | AnswerChannel::Notification
        );
        let says_something = !is_own_click || !self.changes.is_empty();
        let is_recent = now < at.after(ANSWER_DISPLAY_TIME);
        (says_something && is_recent).then(|| RecentAnswer {
            request: self.request.clone(),
            kind: self.kind,
            by: self.by,
            pid: self.pid,
            executable: self
                .executable
                .as_deref()
                .map(|path| path.to_string_lossy().into_owned()),
            tty: self.tty.clone(),
            changes: self.changes.clone(),
            at: at.into(),
        })
    }
}

/// One line of `answers.jsonl`: who answered what, and when. It holds nothing of what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// When the client took it.
    #[serde(with = "rfc3339")]
    pub time: SystemTime,
    /// Where it was given.
    pub by: AnswerChannel,
    /// The process that gave it; none where that is not known.
    #[serde(default)]
    pub pid: Option<u32>,
    /// The path of that process's executable.
    #[serde(default)]
    pub executable: Option<String>,
    /// Its controlling terminal, `/dev/pts/7`.
    #[serde(default)]
    pub tty: Option<String>,
    /// The session that asked.
    pub session: SessionId,
    /// The hash of the request.
    pub request: RequestId,
    /// The kind of the answer.
    pub kind: AnswerKind,
}

/// The newest answer of a session, told for a minute: one that was not given in the popover or a
/// notification, or one that changes Claude Code's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentAnswer {
    /// The request that it applied to.
    pub request: RequestId,
    /// Its kind.
    pub kind: AnswerKind,
    /// Where it was given.
    pub by: AnswerChannel,
    /// The process that gave it; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The path of that process's executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// Its controlling terminal, `/dev/pts/7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// What Claude Code changes in its settings for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<SettingsChange>,
    /// When the client took it.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: SystemTime,
}

impl RecentAnswer {
    /// "approved at a terminal, pts/7", and what it changes; `home` is shown as `~`.
    pub fn sentence(&self, home: Option<&Path>) -> String {
        let changes = self.changes.iter().map(|change| change.sentence(home));
        let all: Vec<String> = self.answered_in().into_iter().chain(changes).collect();
        all.join("; ")
    }

    /// "approved by a program (curl, pid 4242)"; nothing of what was clicked in the app.
    fn answered_in(&self) -> Option<String> {
        let done = self.kind.done();
        match self.by {
            AnswerChannel::Popover | AnswerChannel::Notification => None,
            AnswerChannel::Terminal => Some(match &self.tty {
                Some(tty) => {
                    let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
                    format!("{done} at a terminal, {tty}")
                }
                None => format!("{done} at a terminal"),
            }),
            AnswerChannel::Program => {
                let name = self.executable.as_deref().map(Path::new);
                let name = name.and_then(Path::file_name).map(|n| n.to_string_lossy());
                let pid = self.pid.map(|pid| format!("pid {pid}"));
                let which = [name.map(std::borrow::Cow::into_owned), pid];
                let which: Vec<String> = which.into_iter().flatten().collect();
                Some(if which.is_empty() {
                    format!("{done} by a program")
                } else {
                    format!("{done} by a program ({})", which.join(", "))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
