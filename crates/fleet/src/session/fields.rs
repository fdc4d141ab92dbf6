//! The optional parts of a session.

use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::SystemTime;
use utoipa::ToSchema;

/// What a live session does. On the wire tagged by `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind")]
pub enum Activity {
    /// A turn is running: the model streams, a tool runs or sub-agents run.
    Working {
        /// The running tool, if a source names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
        /// One line about the tool, or the number of sub-agents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// When the turn began.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The prompt is free, and there is no new work to look at.
    Idle {
        /// When the prompt became free.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The prompt is free after work that the user has not looked at.
    Finished {
        /// When the prompt became free.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The prompt is free, but a background shell still runs.
    BackgroundShell {
        /// When this status began.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The newest turn ended with an error; the prompt is free.
    Failed {
        /// The error, as Claude Code shows it.
        error: String,
        /// When the prompt became free.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// Claude Code is compacting the conversation.
    Compacting {
        /// When the work began.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// A request to the model failed and will be sent again.
    Retrying {
        /// The number of the next attempt, from 1.
        attempt: u32,
        /// The maximum number of attempts, if a source names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u32>,
        /// When the next attempt is due, if a source says so.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "rfc3339::option"
        )]
        #[schema(value_type = Option<String>, format = DateTime)]
        next_at: Option<SystemTime>,
        /// When the turn began.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// A menu of Claude Code is open.
    MenuOpen {
        /// When the menu opened.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
}

impl Activity {
    /// When the activity began.
    pub fn since(&self) -> SystemTime {
        match self {
            Self::Working { since, .. }
            | Self::Idle { since }
            | Self::Finished { since }
            | Self::BackgroundShell { since }
            | Self::Failed { since, .. }
            | Self::Compacting { since }
            | Self::Retrying { since, .. }
            | Self::MenuOpen { since } => *since,
        }
    }

    pub(super) fn since_mut(&mut self) -> &mut SystemTime {
        match self {
            Self::Working { since, .. }
            | Self::Idle { since }
            | Self::Finished { since }
            | Self::BackgroundShell { since }
            | Self::Failed { since, .. }
            | Self::Compacting { since }
            | Self::Retrying { since, .. }
            | Self::MenuOpen { since } => since,
        }
    }
}

/// The kind of answer that a session waits for.
///
/// * `Permission`: permission to run a tool
/// * `Question`: an answer to a question
/// * `Plan`: approval of a plan
/// * `Trust`: trust in the folder, or a login; asked before the first prompt
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum NeedKind {
    /// Permission to run a tool.
    Permission,
    /// An answer to a question.
    Question,
    /// Approval of a plan.
    Plan,
    /// Trust in the folder, or a login; asked before the first prompt.
    Trust,
}

/// What a session waits for the user to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Need {
    /// The kind of answer.
    pub kind: NeedKind,
    /// The tool concerned, if a source names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// One line about the request: the command, the name of the file, the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The name of the sub-agent that asks; none for the main agent, or if no source names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Why the user can only answer in the terminal, in words; none if one of the session's
    /// `requests` is held for an answer through Trusty Bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// When the wait began.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}

/// Where a fact comes from.
///
/// * `Registry`: Claude Code's registry file, `sessions/<pid>.json`
/// * `Process`: the operating system's process table
/// * `Tmux`: a tmux server
/// * `Settings`: the user's settings file
/// * `Transcript`: the session's transcript
/// * `Hook`: a hook of Claude Code
/// * `Screen`: the text of a tmux pane
/// * `List`: Claude Code's own list, `claude agents --json`
/// * `Attention`: the user, who looked at the session
/// * `Pause`: a pause record of Trusty Bar
/// * `Engine`: the engine: its local socket, or another engine beside it
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Source {
    /// Claude Code's registry file, `sessions/<pid>.json`.
    Registry,
    /// The operating system's process table.
    Process,
    /// A tmux server.
    Tmux,
    /// The user's settings file.
    Settings,
    /// The session's transcript.
    Transcript,
    /// A hook of Claude Code.
    Hook,
    /// The text of a tmux pane.
    Screen,
    /// Claude Code's own list, `claude agents --json`.
    List,
    /// The user, who looked at the session.
    Attention,
    /// A pause record of Trusty Bar.
    Pause,
    /// The engine: its local socket, or another engine beside it.
    Engine,
}

/// How sure a verdict is.
///
/// * `Certain`: a source said so in known words
/// * `Inferred`: concluded from what the sources said
/// * `Unknown`: no source said anything in known words
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Certainty {
    /// A source said so in known words.
    Certain,
    /// Concluded from what the sources said.
    Inferred,
    /// No source said anything in known words.
    Unknown,
}

/// Why a session has its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Because)]
pub struct StatusReason {
    /// The source that decided.
    pub source: Source,
    /// The reason, in words that complete "because …".
    pub text: String,
    /// When the deciding fact was observed.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub observed_at: SystemTime,
    /// Since when the session has this status.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// How sure the status is.
    pub certainty: Certainty,
    /// What would change the status, in words that complete "until …".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub until: String,
}

/// A sub-agent at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delegation {
    /// Claude Code's id of the sub-agent.
    pub id: String,
    /// The type of the sub-agent: `general-purpose`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<String>,
    /// The task of the sub-agent, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When the sub-agent started.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// The tool that the sub-agent called: running, or waiting for permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// One line about the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The nesting depth: 1 for a sub-agent of the main agent, 2 for a sub-agent of that one, …
    #[serde(default)]
    pub depth: u32,
}

/// The size of the model's context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Context)]
pub struct ContextUsage {
    /// Tokens of the newest request and its answer.
    pub tokens: u64,
    /// How many tokens fit; none while no source reports the size of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
}

/// What Claude Code's registry file and transcript say about a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaudeInfo {
    /// Claude Code's own session id; changes on `/clear` and `/resume`, and two live processes may
    /// share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The version of Claude Code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The kind of session: `interactive`, `background`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How Claude Code was started: `cli`, `sdk-cli`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<String>,
    /// The session's name, given by the user or derived from the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the user gave the name.
    #[serde(default)]
    pub named_by_owner: bool,
    /// The model that answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The permission mode: `default`, `acceptEdits`, `plan`, `auto`, `bypassPermissions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The first line of the user's last prompt, cut to a bounded length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// The terminal in which a session runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Terminal)]
pub struct SessionTerminal {
    /// The program that owns the terminal, by its usual name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The terminal device, such as `/dev/pts/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The tmux pane, if the session runs in tmux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tmux: Option<TmuxTarget>,
}

/// A pane of a tmux server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TmuxTarget {
    /// The server's socket.
    #[schema(value_type = String)]
    pub socket: PathBuf,
    /// The name of the tmux session.
    pub session: String,
    /// The window's id, `@0`.
    pub window: String,
    /// The pane's id, `%0`.
    pub pane: String,
    /// How many tmux clients show the session now.
    pub clients: u32,
}

/// What a process tree uses.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema)]
#[schema(as = Usage)]
pub struct ResourceUsage {
    /// CPU time in per cent of one core.
    pub cpu: f32,
    /// Resident memory in bytes.
    pub rss: u64,
}
