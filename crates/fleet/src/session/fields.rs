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
    /// A turn runs: it streams, a tool runs, sub-agents run.
    Working {
        /// The tool at work, where a source tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
        /// One line about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The prompt is free and nothing new is there to see.
    Idle {
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// Idle after work that you have not seen yet.
    Finished {
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The prompt is free, but a background shell still runs.
    BackgroundShell {
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The newest turn ended with an error; the prompt is free.
    Failed {
        /// The error, as the client shows it.
        error: String,
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// The client makes the conversation shorter.
    Compacting {
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// A request failed and is sent again.
    Retrying {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// How many there are at most, where a source tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u32>,
        /// When it is made, where a source tells.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "rfc3339::option"
        )]
        #[schema(value_type = Option<String>, format = DateTime)]
        next_at: Option<SystemTime>,
        /// Since when the turn runs.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
    /// A menu of Claude Code is open.
    MenuOpen {
        /// Since when.
        #[serde(with = "rfc3339")]
        #[schema(value_type = String, format = DateTime)]
        since: SystemTime,
    },
}

impl Activity {
    /// Since when it lasts.
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

/// What kind of answer a session waits for.
///
/// * `Permission`: leave to run a tool
/// * `Question`: an answer to a question
/// * `Plan`: leave to carry out a plan
/// * `Trust`: whether to trust the folder, or a login: asked before its first prompt
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum NeedKind {
    /// Leave to run a tool.
    Permission,
    /// An answer to a question.
    Question,
    /// Leave to carry out a plan.
    Plan,
    /// Whether to trust the folder, or a login: asked before its first prompt.
    Trust,
}

/// What a session waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Need {
    /// The kind of answer.
    pub kind: NeedKind,
    /// The tool it asks for, where a source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// One line about it: the command, the file's name, the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The sub-agent that asks; none for the main agent, or where no source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Why it can be answered only in its terminal, in words; none where one of the session's
    /// `requests` is held for an answer from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// Since when.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}

/// Where a fact comes from.
///
/// * `Registry`: the client's own registry file, `sessions/<pid>.json`
/// * `Process`: the operating system's process table
/// * `Tmux`: a tmux server
/// * `Settings`: the user's settings file
/// * `Transcript`: the session's transcript
/// * `Hook`: a hook of a connected client
/// * `Screen`: the text of a tmux pane
/// * `List`: the client's own list, `claude agents --json`
/// * `Attention`: the user, who has looked
/// * `Pause`: our own record of a pause
/// * `Engine`: our own engine: its local socket, or another one beside it
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Source {
    /// The client's own registry file, `sessions/<pid>.json`.
    Registry,
    /// The operating system's process table.
    Process,
    /// A tmux server.
    Tmux,
    /// The user's settings file.
    Settings,
    /// The session's transcript.
    Transcript,
    /// A hook of a connected client.
    Hook,
    /// The text of a tmux pane.
    Screen,
    /// The client's own list, `claude agents --json`.
    List,
    /// The owner, who has looked.
    Attention,
    /// Our own record of a pause.
    Pause,
    /// Our own engine: its local socket, or another one beside it.
    Engine,
}

/// How sure a verdict is.
///
/// * `Certain`: a source says so in words that are known
/// * `Inferred`: concluded from what the sources say
/// * `Unknown`: no source tells
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Certainty {
    /// A source says so in words that are known.
    Certain,
    /// Concluded from what the sources say.
    Inferred,
    /// No source tells.
    Unknown,
}

/// Why a session's status is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Because)]
pub struct StatusReason {
    /// The source that decided.
    pub source: Source,
    /// In words that fit "because …".
    pub text: String,
    /// When the deciding fact was observed.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub observed_at: SystemTime,
    /// Since when the status holds.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// How sure it is.
    pub certainty: Certainty,
    /// What would change it, in words that fit "until …".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub until: String,
}

/// A sub-agent at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delegation {
    /// The client's id of it.
    pub id: String,
    /// `general-purpose`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<String>,
    /// What it is to do, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Since when.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// The tool it has called: one that runs, or waits for leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// One line about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// 1 for one of the main agent, 2 for one of that, …
    #[serde(default)]
    pub depth: u32,
}

/// How full the model's context is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Context)]
pub struct ContextUsage {
    /// Tokens of the newest request and its answer.
    pub tokens: u64,
    /// How many fit, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
}

/// What the client says of itself in its registry file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaudeInfo {
    /// Claude's own session id; changes on `/clear` and `/resume`, and two live processes may
    /// share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The client's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `interactive`, `background`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `cli`, `sdk-cli`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<String>,
    /// The session's name, given by the user or derived from the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the user gave that name.
    #[serde(default)]
    pub named_by_owner: bool,
    /// The model that answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `default`, `acceptEdits`, `plan`, `auto`, `bypassPermissions`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The user's last prompt: the first line, cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// The terminal a session runs in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Terminal)]
pub struct SessionTerminal {
    /// The program that owns the terminal, as its users call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The terminal device, such as `/dev/pts/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The pane, in tmux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tmux: Option<TmuxTarget>,
}

/// A pane of a tmux server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TmuxTarget {
    /// The server's socket.
    #[schema(value_type = String)]
    pub socket: PathBuf,
    /// The session's name.
    pub session: String,
    /// The window's id, `@0`.
    pub window: String,
    /// The pane's id, `%0`.
    pub pane: String,
    /// Clients that show the session now.
    pub clients: u32,
}

/// What a process tree uses.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema)]
#[schema(as = Usage)]
pub struct ResourceUsage {
    /// Per cent of one core.
    pub cpu: f32,
    /// Resident bytes.
    pub rss: u64,
}
