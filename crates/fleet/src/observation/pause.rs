//! What is told of pauses, of connected hooks and of the owner's wishes.

use crate::identity::SessionId;
use crate::pause::PauseKind;
use crate::session::ActionKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether the hooks of one config folder are ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookInstall {
    /// All our entries are there.
    Connected,
    /// None is, and none ever was.
    #[serde(rename = "Apart")]
    NotInstalled,
    /// They were, and are gone or incomplete now.
    #[serde(rename = "Lost")]
    Incomplete,
    /// They are there as version 0.1.0 wrote them: with fewer events, and with a timeout that
    /// clients before 2.1.280 overflow.
    Outdated,
    /// They are there or could be, but a policy forbids hooks; in words.
    Forbidden(String),
    /// The file cannot be understood; in words.
    Broken(String),
}

impl HookInstall {
    /// Whether clients that take up these settings run our hooks.
    pub const fn runs_hooks(&self) -> bool {
        matches!(self, Self::Connected | Self::Outdated)
    }
}

/// The sessions that our hooks have left a mark of, which they do at the first event after they
/// were connected.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HookMarks {
    /// Since when hooks leave marks: the newest connect. None where none do, as with a hook
    /// program of 0.1.0.
    pub since: Option<Timestamp>,
    /// The sessions with a mark of that connect.
    pub sessions: BTreeSet<SessionId>,
}

/// How an action goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActionProgress {
    /// It is being done.
    Begun(ActionKind),
    /// It is done.
    Done(ActionKind),
    /// It was refused or failed; in words.
    Failed(ActionKind, String),
    /// A pause was given up: the session worked on, and its hooks did not hold it.
    NotHeld,
}

/// What the owner wishes of pauses and of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ControlPreferences {
    /// Which kind of pause is tried first.
    pub first: PauseOrder,
    /// What a pause does to the commands that a session runs.
    pub tools: ToolPausePolicy,
    /// How long a request of the main agent is held for an answer from here.
    #[serde(default)]
    pub hold: HoldDuration,
    /// How long one of a sub-agent is, which its terminal does not show meanwhile.
    #[serde(default = "HoldDuration::default_for_agents")]
    pub hold_agents: HoldDuration,
    /// Whether programs may answer, too: as the settings said when the engine started.
    #[serde(default)]
    pub programs: bool,
}

/// How long a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum HoldDuration {
    /// For as long as its client waits.
    #[default]
    UntilAnswered,
    /// For so many seconds; with 0 it is not held at all.
    Seconds(u32),
}

impl HoldDuration {
    /// The default for sub-agents.
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

/// Which kind of pause is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum PauseOrder {
    /// What takes effect at once and loses nothing.
    #[default]
    AtOnce,
    /// Hooks: what runs may finish.
    Hold,
}

/// What a pause does to the commands that a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum ToolPausePolicy {
    /// They stop with it.
    #[default]
    Stop,
    /// They go on.
    Run,
}

impl PauseOrder {
    /// The kinds in the order in which they are tried.
    pub fn order(self) -> [PauseKind; 5] {
        use PauseKind::{Freeze, Hold, Interrupt, Stop, Suspend};
        match self {
            Self::AtOnce => [Freeze, Stop, Suspend, Hold, Interrupt],
            Self::Hold => [Hold, Freeze, Stop, Suspend, Interrupt],
        }
    }
}
