//! What is known about a session when an action on it is planned.

use crate::client::ConfirmationGap;
use crate::identity::SessionId;
use crate::observation::{HookInstall, ProcessFacts, RegistryFile, RunState};
use crate::pause::PauseRecord;
use crate::session::{Activity, Need};
use crate::status::HookPresence;
use crate::terminal::PaneKey;

/// Everything that a plan is made from.
#[derive(Debug, Clone)]
pub struct ActionContext<'a> {
    /// The session.
    pub session: SessionId,
    /// The facts of the session's process.
    pub facts: &'a ProcessFacts,
    /// Whether the session has ended.
    pub ended: bool,
    /// What is missing for the process to be confirmed as Claude Code.
    pub gap: Option<&'a ConfirmationGap>,
    /// Whether the process is running, stopped or frozen.
    pub state: RunState,
    /// The session's tmux pane, and the pid of the process that tmux started in the pane.
    pub pane: Option<(PaneKey, u32)>,
    /// The kind of the session's terminal.
    pub host: TerminalKind,
    /// The state of the hooks in the session's config folder; `None` where unknown.
    pub connection: Option<&'a HookInstall>,
    /// The version of Claude Code.
    pub version: Option<&'a str>,
    /// Whether our hooks run in the session.
    pub hooks_heard: HookPresence,
    /// The registry file that counts for the session.
    pub registry: Option<&'a RegistryFile>,
    /// The session's pause record.
    pub record: Option<&'a PauseRecord>,
    /// Whether a session that started this one is paused.
    pub nested: bool,
    /// Whether another action on the session is in progress.
    pub busy: bool,
    /// What the session is doing.
    pub activity: Option<&'a Activity>,
    /// What the session needs from the user.
    pub need: Option<&'a Need>,
    /// The newest prompt.
    pub prompt: Option<&'a str>,
    /// The number of sub-agents at work.
    pub agents: usize,
}

/// The kind of a session's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalKind {
    /// A tmux pane, or possibly one: the tmux server has not been polled yet.
    Tmux,
    /// A terminal that Claude Code made for a background session.
    Background,
    /// Any other terminal, or none.
    Plain,
}

impl ActionContext<'_> {
    /// Whether a turn is running and does not wait for the user.
    pub fn is_working(&self) -> bool {
        let activity = matches!(
            self.activity,
            Some(
                Activity::Working { .. } | Activity::Compacting { .. } | Activity::Retrying { .. }
            )
        );
        activity && self.need.is_none()
    }
}
