//! The session model: the wire form that every face shares. Its names, variants, defaults and
//! serde forms are fixed; it grows by optional, defaulted fields only.

#![expect(
    clippy::disallowed_methods,
    reason = "the session model fixes that new sessions carry the time"
)]

mod clock_shift;
mod end;
mod fields;
mod pause;
mod request;

pub(crate) use clock_shift::shift_time;

pub use end::SessionEnd;
pub use pause::{ActionKind, ActivePause, Capabilities, PendingAction};
pub use request::SessionRequest;

pub use fields::{
    Activity, Certainty, ClaudeInfo, ContextUsage, Delegation, Need, NeedKind, ResourceUsage,
    SessionTerminal, Source, StatusReason, TmuxTarget,
};

pub use crate::identity::SessionId;

use crate::given_answer::RecentAnswer;
use crate::names;
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use utoipa::ToSchema;

/// What a session is, in one word. Where several hold, the first of
/// Stopped, Paused, `AwaitingApproval`, Starting, Detached, Active is told.
///
/// * `Starting`: between exec and the first prompt, the trust dialog included
/// * `Active`: alive in a terminal; `activity` tells what it does
/// * `AwaitingApproval`: waits for you; `need` says for what
/// * `Detached`: alive without an attached terminal; `activity` still tells what it does
/// * `Paused`: stopped by a signal or frozen: it will not go on by itself
/// * `Stopped`: the process is gone; kept for a minute
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum SessionStatus {
    /// Between exec and the first prompt, the trust dialog included.
    Starting,
    /// Alive in a terminal; `activity` tells what it does.
    Active,
    /// Waits for you; `need` says for what.
    AwaitingApproval,
    /// Alive without an attached terminal; `activity` still tells what it does.
    Detached,
    /// Stopped by a signal or frozen: it will not go on by itself.
    Paused,
    /// The process is gone. Kept for a minute.
    Stopped,
}

/// How a session can be reached.
///
/// * `Tmux`: through its tmux pane
/// * `Pty`: through its terminal only
/// * `Sdk`: headless (`-p`) or driven by the SDK: takes no typed input
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum ControlModel {
    /// Through its tmux pane.
    Tmux,
    /// Through its terminal only.
    Pty,
    /// Headless (`-p`) or driven by the SDK: takes no typed input.
    Sdk,
}

/// Where a session runs.
///
/// * `tmux`: in a tmux pane
/// * `native`: in a terminal of its own, or in none
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionHost {
    /// In a tmux pane.
    #[default]
    Tmux,
    /// In a terminal of its own, or in none.
    Native,
}

/// One Claude Code session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The same for the life of the process, across `/clear`, `/resume` and our own restarts.
    pub id: SessionId,
    /// The folder it was started in.
    pub workdir: String,
    /// What it is, in one word.
    pub status: SessionStatus,
    /// How it can be reached.
    pub control: ControlModel,
    /// Sub-agents at work.
    pub active_delegations: u32,
    /// The tmux session's name; outside tmux a name derived from the folder.
    #[serde(default)]
    pub tmux_name: String,
    /// When the client started.
    #[serde(default = "SystemTime::now", with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: SystemTime,
    /// When a source last told anything about it.
    #[serde(default = "SystemTime::now", with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: SystemTime,
    /// The root of the git work tree around `workdir`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub project_path: Option<PathBuf>,
    /// Since when it is paused.
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_at: Option<SystemTime>,
    /// What was going on when it was paused.
    #[serde(default)]
    pub pause_summary: Option<String>,
    /// Where it runs.
    #[serde(default)]
    pub origin: SessionHost,
    /// The client's process id, in tmux too.
    #[serde(default)]
    pub pid: Option<u32>,
    /// What it does, when the client tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
    /// Whether a terminal shows it now.
    #[serde(default = "default_true")]
    pub attached: bool,
    /// Why its status is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<StatusReason>,
    /// What the client says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude: Option<ClaudeInfo>,
    /// The terminal it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<SessionTerminal>,
    /// The git branch it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// How full the model's context is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextUsage>,
    /// The sub-agents at work, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Delegation>,
    /// What its process tree uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ResourceUsage>,
    /// What can be done to it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// The pause that was asked for here, until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<ActivePause>,
    /// What it asks through its hooks, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<SessionRequest>,
    /// What is being done to it, or failed a moment ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingAction>,
    /// The newest answer it took from here, for a minute: one that was not given in the popover or
    /// a notification, or one that changes Claude Code's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<RecentAnswer>,
    /// How the process ended; none while it is alive, or where Claude Code leaves no trace
    /// of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<SessionEnd>,
    /// What is missing for its process to be confirmed as Claude Code, in words; none where it is
    /// confirmed. An unconfirmed session can be jumped to, and nothing else is done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<String>,
}

const fn default_true() -> bool {
    true
}

impl Session {
    /// A session as it is when just begun: Starting, both times now, origin tmux, its name
    /// derived from the project's folder, or from the id where there is none.
    pub fn new(
        id: SessionId,
        workdir: impl Into<String>,
        control: ControlModel,
        project_dir: Option<&Path>,
    ) -> Self {
        let now = SystemTime::now();
        Self {
            id,
            workdir: workdir.into(),
            status: SessionStatus::Starting,
            control,
            active_delegations: 0,
            tmux_name: project_dir
                .map_or_else(|| names::name_from_uuid(&id.0), names::name_from_dir),
            created_at: now,
            last_seen: now,
            project_path: project_dir.map(Path::to_path_buf),
            paused_at: None,
            pause_summary: None,
            origin: SessionHost::default(),
            pid: None,
            activity: None,
            need: None,
            attached: true,
            because: None,
            claude: None,
            terminal: None,
            branch: None,
            context: None,
            delegations: Vec::new(),
            usage: None,
            capabilities: None,
            pause: None,
            requests: Vec::new(),
            pending: None,
            answered: None,
            end: None,
            unconfirmed: None,
        }
    }

    /// Marks the session as seen now.
    pub fn touch(&mut self) {
        self.last_seen = SystemTime::now();
    }
}

#[cfg(test)]
mod tests;
