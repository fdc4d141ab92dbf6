//! What a session's transcript says: content, never a status derived from the file's age.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A transcript, `<dir>/projects/<folder>/<session id>.jsonl`, by what is known of its session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TranscriptKey {
    /// The config folder.
    pub dir: PathBuf,
    /// The folder in which Claude Code was started, from which `<folder>` is derived.
    pub cwd: PathBuf,
    /// Which file of that folder.
    pub which: TranscriptSelector,
}

/// Which transcript of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TranscriptSelector {
    /// The transcript of this session id of Claude Code.
    Session(String),
    /// The newest transcript written since this time that no session id claims: all that is known
    /// of a Claude Code without a registry file.
    NewestSince(Timestamp),
}

/// What a transcript says up to its newest line. All times are the records' own, because lines are
/// flushed late and not quite in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TranscriptFacts {
    /// When the newest turn began, by a prompt or otherwise.
    pub turn_at: Option<Timestamp>,
    /// The user's last prompt. If only a repetition of the prompt was read, `at` is an upper bound.
    pub prompt: Option<DatedText>,
    /// Tool calls without a result, in the order in which they were made: running, or waiting for
    /// permission.
    pub calls: Vec<ToolCall>,
    /// The newest end of a turn; none if the model continued after it.
    pub end: Option<TurnEnd>,
    /// A failed request that is to be sent again; none if anything came after the failure.
    pub retry: Option<RetryAttempt>,
    /// The newest error that the user was shown.
    pub error: Option<DatedText>,
    /// The model that answered last.
    pub model: Option<String>,
    /// The permission mode: `default`, `acceptEdits`, `plan`, `auto`, `bypassPermissions`.
    pub mode: Option<String>,
    /// The git branch of the newest record that names one.
    pub branch: Option<String>,
    /// Tokens of the newest request and its answer.
    pub tokens: Option<u64>,
    /// When the newest record was made.
    pub newest_at: Option<Timestamp>,
    /// Sub-agents that have not finished, nested ones included, oldest first.
    pub delegations: Vec<SubagentFacts>,
    /// Ids of calls that recently got their result, calls of sub-agents included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
}

/// A text and when it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DatedText {
    /// When the text was written.
    pub at: Timestamp,
    /// The first line of the text, cut to a bounded length.
    pub text: String,
}

/// A tool call without a result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolCall {
    /// The id of the call, `toolu_…`.
    pub id: String,
    /// The name of the tool: `Bash`, `Edit`, …
    pub tool: String,
    /// One line: the command, the file's name, …
    pub detail: Option<String>,
    /// When the model made the call.
    pub at: Timestamp,
}

/// The end of a turn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TurnEnd {
    /// When the turn ended.
    pub at: Timestamp,
    /// How the turn ended.
    pub how: TurnEndKind,
}

/// How a turn ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TurnEndKind {
    /// The model finished its answer.
    Finished,
    /// The user pressed Escape or refused a tool.
    Interrupted,
    /// Claude Code gave up after an error.
    Failed,
    /// The conversation was compacted.
    Compacted,
    /// A command of Claude Code or of the shell ran, without the model.
    Command,
}

/// A failed request that is to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RetryAttempt {
    /// When the request was last sent.
    pub at: Timestamp,
    /// The number of the next attempt, from 1.
    pub attempt: u32,
    /// The maximum number of attempts.
    pub of: Option<u32>,
    /// When the next attempt is due.
    pub next_at: Option<Timestamp>,
}

/// A sub-agent that has not finished.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubagentFacts {
    /// Claude Code's id of the sub-agent.
    pub agent_id: String,
    /// The type of the sub-agent: `general-purpose`, …
    pub agent_type: Option<String>,
    /// The task of the sub-agent, in a few words.
    pub description: Option<String>,
    /// When the sub-agent started.
    pub at: Timestamp,
    /// The nesting depth: 1 for a sub-agent of the main agent, 2 for a sub-agent of that one, …
    pub depth: u32,
    /// The sub-agent's tool calls without a result.
    pub calls: Vec<ToolCall>,
}
