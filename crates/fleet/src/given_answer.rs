//! Answers that were given through Trusty Bar: the record of each, and what a row says of the
//! newest.

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

/// How long a session's row says who answered.
pub const ANSWER_DISPLAY_TIME: Duration = Duration::from_mins(1);

/// The kind of an answer, without its content.
///
/// * `approve`: approved, this once
/// * `always`: approved, with one of Claude Code's offers not to ask again
/// * `deny`: denied
/// * `stop`: denied, and the turn ended
/// * `answer`: answers to questions
/// * `release`: returned to the terminal, which asks
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// Approved, this once.
    Approve,
    /// Approved, with one of Claude Code's offers not to ask again.
    Always,
    /// Denied.
    Deny,
    /// Denied, and the turn ended.
    Stop,
    /// Answers to questions.
    Answer,
    /// Returned to the terminal, which asks.
    Release,
}

impl AnswerKind {
    /// The kind of `answer`.
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

    /// The past participle that rows show, such as "approved".
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

/// An answer that Claude Code accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GivenAnswer {
    /// The request that was answered.
    pub request: RequestId,
    /// The kind of the answer.
    pub kind: AnswerKind,
    /// Where the answer was given.
    pub by: AnswerChannel,
    /// The process that gave the answer; none where that is not known.
    pub pid: Option<u32>,
    /// The path of that process's executable.
    pub executable: Option<PathBuf>,
    /// The controlling terminal of that process, such as `/dev/pts/7`.
    pub tty: Option<String>,
    /// What Claude Code changes in its settings because of the answer.
    pub changes: Vec<SettingsChange>,
}

impl GivenAnswer {
    /// An answer given by `author`.
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

    /// The line of `answers.jsonl` for this answer, given at `time`.
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

    /// What the session shows at `now` of an answer given at `at`: nothing after
    /// [`ANSWER_DISPLAY_TIME`], and nothing of a click in the app that changes no settings.
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

/// One line of `answers.jsonl`: who answered, when and how. Holds no content of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// When Claude Code accepted the answer.
    #[serde(with = "rfc3339")]
    pub time: SystemTime,
    /// Where the answer was given.
    pub by: AnswerChannel,
    /// The process that gave the answer; none where that is not known.
    #[serde(default)]
    pub pid: Option<u32>,
    /// The path of that process's executable.
    #[serde(default)]
    pub executable: Option<String>,
    /// The controlling terminal of that process, such as `/dev/pts/7`.
    #[serde(default)]
    pub tty: Option<String>,
    /// The session that asked.
    pub session: SessionId,
    /// The hash of the request.
    pub request: RequestId,
    /// The kind of the answer.
    pub kind: AnswerKind,
}

/// The newest answer of a session, shown for one minute: one that was given outside the popover
/// and notifications, or that changes Claude Code's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentAnswer {
    /// The request that was answered.
    pub request: RequestId,
    /// The kind of the answer.
    pub kind: AnswerKind,
    /// Where the answer was given.
    pub by: AnswerChannel,
    /// The process that gave the answer; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The path of that process's executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// The controlling terminal of that process, such as `/dev/pts/7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// What Claude Code changes in its settings because of the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<SettingsChange>,
    /// When Claude Code accepted the answer.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: SystemTime,
}

impl RecentAnswer {
    /// "approved at a terminal, pts/7", and what the answer changes; `home` is shown as `~`.
    pub fn sentence(&self, home: Option<&Path>) -> String {
        let changes = self.changes.iter().map(|change| change.sentence(home));
        let all: Vec<String> = self.answered_in().into_iter().chain(changes).collect();
        all.join("; ")
    }

    /// "approved by a program (curl, pid 4242)"; `None` for a click in the app.
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
