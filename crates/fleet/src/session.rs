//! The session model: the wire form that all faces share. Names, variants, defaults and serde forms
//! are fixed; only optional fields with a default may be added.

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

/// The status of a session, in one word. If several apply, the first of Stopped, Paused,
/// `AwaitingApproval`, Starting, Detached, Active is reported.
///
/// * `Starting`: between exec and the first prompt; the trust dialog included
/// * `Active`: alive in a terminal; `activity` says what the session does
/// * `AwaitingApproval`: waits for the user; `need` says for what
/// * `Detached`: alive without an attached terminal; `activity` still says what the session does
/// * `Paused`: stopped by a signal, frozen, or paused by Trusty Bar; does not continue by itself
/// * `Stopped`: the process has exited; listed for one more minute
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum SessionStatus {
    /// Between exec and the first prompt; the trust dialog included.
    Starting,
    /// Alive in a terminal; `activity` says what the session does.
    Active,
    /// Waits for the user; `need` says for what.
    AwaitingApproval,
    /// Alive without an attached terminal; `activity` still says what the session does.
    Detached,
    /// Stopped by a signal, frozen, or paused by Trusty Bar; does not continue by itself.
    Paused,
    /// The process has exited; listed for one more minute.
    Stopped,
}

/// How input reaches a session.
///
/// * `Tmux`: through the session's tmux pane
/// * `Pty`: through the session's terminal only
/// * `Sdk`: not at all: headless (`-p`), or driven by the SDK
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum ControlModel {
    /// Through the session's tmux pane.
    Tmux,
    /// Through the session's terminal only.
    Pty,
    /// Not at all: headless (`-p`), or driven by the SDK.
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
    /// The same for the life of the process, across `/clear`, `/resume` and restarts of Trusty Bar.
    pub id: SessionId,
    /// The folder in which Claude Code was started.
    pub workdir: String,
    /// The status, in one word.
    pub status: SessionStatus,
    /// How input reaches the session.
    pub control: ControlModel,
    /// The number of sub-agents at work.
    pub active_delegations: u32,
    /// The name of the tmux session; outside tmux, a name derived from the folder.
    #[serde(default)]
    pub tmux_name: String,
    /// When Claude Code started.
    #[serde(default = "SystemTime::now", with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: SystemTime,
    /// When a source last reported anything about the session.
    #[serde(default = "SystemTime::now", with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: SystemTime,
    /// The root of the git work tree around `workdir`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub project_path: Option<PathBuf>,
    /// When the session was paused.
    #[serde(default, with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_at: Option<SystemTime>,
    /// What the session was doing when it was paused, or the user's note.
    #[serde(default)]
    pub pause_summary: Option<String>,
    /// Where the session runs.
    #[serde(default)]
    pub origin: SessionHost,
    /// The process id of Claude Code, also in tmux.
    #[serde(default)]
    pub pid: Option<u32>,
    /// What the session does, if a source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// What the session waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
    /// Whether a terminal shows the session now.
    #[serde(default = "default_true")]
    pub attached: bool,
    /// Why the session has its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<StatusReason>,
    /// What Claude Code's registry file and transcript say about the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude: Option<ClaudeInfo>,
    /// The terminal in which the session runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<SessionTerminal>,
    /// The git branch on which the session works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The size of the model's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextUsage>,
    /// The sub-agents at work, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Delegation>,
    /// What the process tree uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ResourceUsage>,
    /// What can be done to the session now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// The pause that Trusty Bar made, until the pause ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<ActivePause>,
    /// The requests that hooks reported and that have no answer yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<SessionRequest>,
    /// The action in progress, or the one that recently failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingAction>,
    /// The newest answer given through Trusty Bar, for a minute: one that was given neither in the
    /// popover nor in a notification, or one that changes Claude Code's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<RecentAnswer>,
    /// How the process ended; none while the process is alive, or if Claude Code leaves no trace of
    /// the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<SessionEnd>,
    /// What is missing to confirm that the process is Claude Code, in words; none if confirmed. An
    /// unconfirmed session can be jumped to, and nothing else is done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<String>,
}

const fn default_true() -> bool {
    true
}

impl Session {
    /// A session that has just begun: Starting, both times now, origin tmux. The name is derived
    /// from the project's folder, or from the id if there is none.
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

    /// Sets the time of the last report to now.
    pub fn touch(&mut self) {
        self.last_seen = SystemTime::now();
    }
}

#[cfg(test)]
mod tests;
