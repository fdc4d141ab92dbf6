//! What is known of a session when an action on it is planned.

use crate::client::ConfirmationGap;
use crate::identity::SessionId;
use crate::observation::{HookInstall, ProcessFacts, RegistryFile, RunState};
use crate::pause::PauseRecord;
use crate::session::{Activity, Need};
use crate::status::HookPresence;
use crate::terminal::PaneKey;

/// All that a plan is made from.
#[derive(Debug, Clone)]
pub struct ActionContext<'a> {
    /// Which session.
    pub session: SessionId,
    /// Its process.
    pub facts: &'a ProcessFacts,
    /// Whether it has ended.
    pub ended: bool,
    /// What is missing for it to be confirmed.
    pub gap: Option<&'a ConfirmationGap>,
    /// Whether it can run.
    pub state: RunState,
    /// Its tmux pane, and the process tmux started in that.
    pub pane: Option<(PaneKey, u32)>,
    /// What its terminal is.
    pub host: TerminalKind,
    /// Whether the hooks of its config folder are ours.
    pub connection: Option<&'a HookInstall>,
    /// Its client's version.
    pub version: Option<&'a str>,
    /// Whether hooks of ours run in it.
    pub hooks_heard: HookPresence,
    /// The registry file that counts for it.
    pub registry: Option<&'a RegistryFile>,
    /// What is on disk of its pause.
    pub record: Option<&'a PauseRecord>,
    /// A session that runs it is paused.
    pub nested: bool,
    /// Something is being done to it.
    pub busy: bool,
    /// What it does.
    pub activity: Option<&'a Activity>,
    /// What it waits for.
    pub need: Option<&'a Need>,
    /// The newest prompt.
    pub prompt: Option<&'a str>,
    /// Sub-agents at work.
    pub agents: usize,
}

/// What the terminal of a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalKind {
    /// A tmux pane, or it may be one.
    Tmux,
    /// One of the client's own: a background session.
    Background,
    /// Any other, or none.
    Plain,
}

impl ActionContext<'_> {
    /// Whether a turn runs and waits for nobody.
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
