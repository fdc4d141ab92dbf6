//! What a session's transcript tells: content, never status by its age.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A transcript, `<dir>/projects/<folder>/<session id>.jsonl`, by what is known of its session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TranscriptKey {
    /// The config folder.
    pub dir: PathBuf,
    /// The folder the client was started in, from which `<folder>` is made.
    pub cwd: PathBuf,
    /// Which file of that folder.
    pub which: TranscriptSelector,
}

/// Which transcript of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TranscriptSelector {
    /// That of Claude's own session id.
    Session(String),
    /// The newest that was written since then and that no session id asks for: all that is known
    /// of a client that keeps no registry.
    NewestSince(Timestamp),
}

/// What is known of a transcript after its newest line. All times are the client's own, of the
/// records, for lines are flushed late and not quite in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TranscriptFacts {
    /// When the newest turn began, whoever began it.
    pub turn_at: Option<Timestamp>,
    /// What a person last asked. If only a repetition of it was read, it was asked at `at` at the
    /// latest.
    pub prompt: Option<DatedText>,
    /// Tool calls without a result, in the order of their making: running, or waiting for leave.
    pub calls: Vec<ToolCall>,
    /// The newest end of a turn; none if the model went on after it.
    pub end: Option<TurnEnd>,
    /// A request that failed and is to be sent again, if nothing came after it.
    pub retry: Option<RetryAttempt>,
    /// The newest error shown to the user.
    pub error: Option<DatedText>,
    /// The model that answered last.
    pub model: Option<String>,
    /// `default`, `acceptEdits`, `plan`, `auto`, `bypassPermissions`
    pub mode: Option<String>,
    /// The git branch of the newest record that names one.
    pub branch: Option<String>,
    /// Tokens of the newest request and its answer.
    pub tokens: Option<u64>,
    /// When the newest record was made.
    pub newest_at: Option<Timestamp>,
    /// Sub-agents that have not ended, nested ones too, oldest first.
    pub delegations: Vec<SubagentFacts>,
    /// The ids of calls that had their result a short while ago, those of its sub-agents too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
}

/// A text and when it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DatedText {
    /// When.
    pub at: Timestamp,
    /// Its first line, cut.
    pub text: String,
}

/// A tool call without a result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolCall {
    /// `toolu_…`
    pub id: String,
    /// `Bash`, `Edit`, …
    pub tool: String,
    /// One line: the command, the file's name, …
    pub detail: Option<String>,
    /// When the model asked for it.
    pub at: Timestamp,
}

/// The end of a turn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TurnEnd {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: TurnEndKind,
}

/// How a turn ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TurnEndKind {
    /// The model has said all it had to.
    Finished,
    /// Escape, or a refused tool.
    Interrupted,
    /// An error the client gave up on.
    Failed,
    /// The conversation was compacted.
    Compacted,
    /// A command of the client or of the shell was run, without the model.
    Command,
}

/// A request to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RetryAttempt {
    /// When it was last sent.
    pub at: Timestamp,
    /// Which attempt comes next, from 1.
    pub attempt: u32,
    /// How many there are at most.
    pub of: Option<u32>,
    /// When it is made.
    pub next_at: Option<Timestamp>,
}

/// A sub-agent that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubagentFacts {
    /// The client's id of it.
    pub agent_id: String,
    /// `general-purpose`, …
    pub agent_type: Option<String>,
    /// What it is to do, in a few words.
    pub description: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// 1 for one of the main agent, 2 for one of that, …
    pub depth: u32,
    /// Its tool calls without a result.
    pub calls: Vec<ToolCall>,
}
