//! Facts about pauses, connected hooks and the user's settings for both.

use crate::identity::SessionId;
use crate::pause::PauseKind;
use crate::session::ActionKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether Trusty Bar's hooks are installed in one config folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookInstall {
    /// All entries are present.
    Connected,
    /// No entry is present, and none ever was.
    #[serde(rename = "Apart")]
    NotInstalled,
    /// Entries were present and are missing or incomplete now.
    #[serde(rename = "Lost")]
    Incomplete,
    /// The entries are those of version 0.1.0: with fewer events, and with a timeout that overflows
    /// in Claude Code before 2.1.280.
    Outdated,
    /// A policy forbids hooks, whether or not the entries are present; the reason in words.
    Forbidden(String),
    /// The settings file cannot be parsed; the reason in words.
    Broken(String),
}

impl HookInstall {
    /// Whether a Claude Code that has read these settings runs Trusty Bar's hooks.
    pub const fn runs_hooks(&self) -> bool {
        matches!(self, Self::Connected | Self::Outdated)
    }
}

/// The sessions in which Trusty Bar's hooks have left a mark. A hook leaves one at the first event
/// after the hooks were connected.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HookMarks {
    /// When hooks began to leave marks: the time of the newest connect. None if hooks leave no
    /// marks, as the hook program of 0.1.0.
    pub since: Option<Timestamp>,
    /// The sessions with a mark from that connect.
    pub sessions: BTreeSet<SessionId>,
}

/// The progress of an action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActionProgress {
    /// The action is in progress.
    Begun(ActionKind),
    /// The action succeeded.
    Done(ActionKind),
    /// The action was refused or failed; the reason in words.
    Failed(ActionKind, String),
    /// A hold was given up: the session continued to work, and no hook held it.
    NotHeld,
}

/// What the user has set for pauses and requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ControlPreferences {
    /// The kind of pause that is tried first.
    pub first: PauseOrder,
    /// What a pause does to the commands that a session runs.
    pub tools: ToolPausePolicy,
    /// How long a request of the main agent is held for an answer from Trusty Bar.
    #[serde(default)]
    pub hold: HoldDuration,
    /// How long a request of a sub-agent is held; the terminal does not show the request meanwhile.
    #[serde(default = "HoldDuration::default_for_agents")]
    pub hold_agents: HoldDuration,
    /// Whether programs may answer too, as the settings said when the engine started.
    #[serde(default)]
    pub programs: bool,
}

/// How long a hook holds a request for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum HoldDuration {
    /// For as long as Claude Code waits for the hook.
    #[default]
    UntilAnswered,
    /// For this many seconds; 0 disables holding.
    Seconds(u32),
}

impl HoldDuration {
    /// The default for requests of sub-agents, 5 seconds.
    pub const fn default_for_agents() -> Self {
        Self::Seconds(5)
    }
}

impl Default for ControlPreferences {
    fn default() -> Self {
        Self {
            first: PauseOrder::default(),
            tools: ToolPausePolicy::default(),
            hold: HoldDuration::default(),
            hold_agents: HoldDuration::default_for_agents(),
            programs: false,
        }
    }
}

/// The kind of pause that is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum PauseOrder {
    /// A kind that takes effect at once and loses nothing.
    #[default]
    AtOnce,
    /// A hold, which lets running tools finish.
    Hold,
}

/// What a pause does to the commands that a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum ToolPausePolicy {
    /// Commands stop with the session.
    #[default]
    Stop,
    /// Commands keep running.
    Run,
}

impl PauseOrder {
    /// All kinds of pause in the order in which they are tried.
    pub fn order(self) -> [PauseKind; 5] {
        use PauseKind::{Freeze, Hold, Interrupt, Stop, Suspend};
        match self {
            Self::AtOnce => [Freeze, Stop, Suspend, Hold, Interrupt],
            Self::Hold => [Hold, Freeze, Stop, Suspend, Interrupt],
        }
    }
}
