//! The parts of a session that tell what can be done to it, and what is being done.

use crate::pause::{Initiator, PauseKind};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// An action in one word.
///
/// * `Pause`: to pause
/// * `Resume`: to resume
/// * `End`: to end
/// * `Jump`: to bring its terminal to the front
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Verb)]
pub enum ActionKind {
    /// To pause.
    Pause,
    /// To resume.
    Resume,
    /// To end.
    End,
    /// To bring its terminal to the front.
    Jump,
}

/// What can be done to a session now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// The kinds of pause that are possible, the one that is taken first. Interrupt has to be
    /// asked for by name.
    #[serde(default)]
    pub pause: Vec<PauseKind>,
    /// Whether the commands it runs stop with it where it is frozen or stopped.
    #[serde(default)]
    pub commands: bool,
    /// Whether its pause can be ended from here.
    #[serde(default)]
    pub resume: bool,
    /// Why neither is possible, and what to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// A pause that was asked for here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Pause)]
pub struct ActivePause {
    /// Its kind.
    pub kind: PauseKind,
    /// Who asked.
    pub by: Initiator,
    /// Whether commands that it ran stopped with it.
    #[serde(default)]
    pub commands: bool,
    /// Agents of the session that are held, the main one included; only of a hold.
    #[serde(default)]
    pub held: u32,
    /// Agents that still run until their next tool; only of a hold.
    #[serde(default)]
    pub running: u32,
    /// Whether nothing shows yet that the session's hooks run and hold it; only of a hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// What to know before it is resumed, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
}

/// An action that is being done, or that failed a moment ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Pending)]
pub struct PendingAction {
    /// Which.
    pub verb: ActionKind,
    /// Why it failed or was refused; none while it is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Since when.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}
