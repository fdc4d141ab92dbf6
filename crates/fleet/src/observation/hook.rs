//! What a connected client's hooks tell: early and in detail, but never the only proof of
//! anything: Escape, SIGKILL and retries fire none.

use super::transcript::ToolCall;
use crate::request::ToolCallHash;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One event of a client's hooks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HookEvent {
    /// Claude's own session id.
    pub session_id: String,
    /// The client's pid.
    pub pid: Option<u32>,
    /// Where the client keeps the transcript.
    pub transcript: Option<PathBuf>,
    /// The sub-agent it is about; none for the main agent.
    pub agent: Option<String>,
    /// Of the tool it is about and that tool's input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<ToolCallHash>,
    /// What happened.
    pub what: HookEventKind,
}

/// What a hook tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookEventKind {
    /// A session began, or went on under another id.
    SessionStarted,
    /// A session ended, or went on under another id.
    SessionEnded,
    /// A turn begins.
    Prompted,
    /// A tool is about to run, or to be asked for.
    ToolStarting(ToolCall),
    /// A tool has run or failed.
    ToolEnded {
        /// `toolu_…`
        id: String,
    },
    /// A permission dialog appears. It names no call.
    PermissionAsked {
        /// `Bash`, `AskUserQuestion`, …
        tool: String,
        /// One line about it.
        detail: Option<String>,
    },
    /// The main agent is done. These tasks of it still run.
    Stopped {
        /// Ids of sub-agents.
        agents: Vec<String>,
    },
    /// The turn failed.
    Failed {
        /// The error shown.
        error: String,
    },
    /// A sub-agent begins.
    AgentStarted {
        /// `general-purpose`, …
        agent_type: Option<String>,
    },
    /// A sub-agent has ended.
    AgentEnded,
    /// The conversation is about to be compacted.
    Compacting,
    /// It was.
    Compacted,
}

/// A session as the client's own list tells it (`claude agents --json`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListedSession {
    /// Its process.
    pub pid: u32,
    /// `busy`, `idle`, `waiting`, `shell`
    pub status: Option<String>,
    /// What it waits for.
    pub waiting_for: Option<String>,
    /// Claude's own session id.
    pub session_id: Option<String>,
    /// The session's name.
    pub name: Option<String>,
    /// `interactive`, `background`
    pub kind: Option<String>,
    /// The folder it was started in.
    pub cwd: Option<String>,
}
