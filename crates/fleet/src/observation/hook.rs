//! What the hooks of a session report: early and in detail, but never the only proof of a status,
//! because Escape, SIGKILL and retries trigger no hook.

use super::transcript::ToolCall;
use crate::request::ToolCallHash;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One event that a hook of Claude Code reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HookEvent {
    /// Claude Code's own session id.
    pub session_id: String,
    /// The pid of Claude Code.
    pub pid: Option<u32>,
    /// Where Claude Code keeps the transcript.
    pub transcript: Option<PathBuf>,
    /// The sub-agent that the event concerns; none for the main agent.
    pub agent: Option<String>,
    /// The hash of the tool that the event concerns and of its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<ToolCallHash>,
    /// What happened.
    pub what: HookEventKind,
}

/// What happened in a session, as a hook reports it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookEventKind {
    /// A session began, or continues under another id.
    SessionStarted,
    /// A session ended, or continues under another id.
    SessionEnded,
    /// The user sent a prompt: a turn begins.
    Prompted,
    /// A tool call is about to run, or to ask for permission.
    ToolStarting(ToolCall),
    /// A tool call finished or failed.
    ToolEnded {
        /// The id of the call, `toolu_…`.
        id: String,
    },
    /// A permission dialog opens. The event names no call.
    PermissionAsked {
        /// The name of the tool: `Bash`, `AskUserQuestion`, …
        tool: String,
        /// One line about the request.
        detail: Option<String>,
    },
    /// The main agent finished its turn; the listed sub-agents still run.
    Stopped {
        /// Ids of the sub-agents that still run.
        agents: Vec<String>,
    },
    /// The turn failed.
    Failed {
        /// The error as Claude Code shows it.
        error: String,
    },
    /// A sub-agent started.
    AgentStarted {
        /// The type of the sub-agent: `general-purpose`, …
        agent_type: Option<String>,
    },
    /// A sub-agent finished.
    AgentEnded,
    /// Compaction of the conversation begins.
    Compacting,
    /// Compaction of the conversation is complete.
    Compacted,
}

/// A session in Claude Code's own list (`claude agents --json`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListedSession {
    /// The pid of the session.
    pub pid: u32,
    /// The status: `busy`, `idle`, `waiting`, `shell`
    pub status: Option<String>,
    /// What the session waits for, in Claude Code's words.
    pub waiting_for: Option<String>,
    /// Claude Code's own session id.
    pub session_id: Option<String>,
    /// The session's name.
    pub name: Option<String>,
    /// The kind of session: `interactive`, `background`
    pub kind: Option<String>,
    /// The folder in which Claude Code was started.
    pub cwd: Option<String>,
}
