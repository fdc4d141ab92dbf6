//! What can be done to a session, and what is being done.

use crate::pause::{Initiator, PauseKind};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// The kind of an action.
///
/// * `Pause`: pause the session
/// * `Resume`: resume the session
/// * `End`: end the session
/// * `Jump`: bring the session's terminal to the front
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Verb)]
pub enum ActionKind {
    /// Pause the session.
    Pause,
    /// Resume the session.
    Resume,
    /// End the session.
    End,
    /// Bring the session's terminal to the front.
    Jump,
}

/// What can be done to a session now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// The possible kinds of pause; the default choice comes first. Interrupt has to be requested
    /// by name.
    #[serde(default)]
    pub pause: Vec<PauseKind>,
    /// Whether running commands stop together with a session that is frozen or stopped.
    #[serde(default)]
    pub commands: bool,
    /// Whether Trusty Bar can end the pause.
    #[serde(default)]
    pub resume: bool,
    /// Why neither pause nor resume is possible, and what to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// A pause that Trusty Bar made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Pause)]
pub struct ActivePause {
    /// The kind of pause.
    pub kind: PauseKind,
    /// Who requested the pause.
    pub by: Initiator,
    /// Whether running commands stopped with the session.
    #[serde(default)]
    pub commands: bool,
    /// How many agents are held, the main agent included; only for a hold.
    #[serde(default)]
    pub held: u32,
    /// How many agents still run until their next tool; only for a hold.
    #[serde(default)]
    pub running: u32,
    /// Whether nothing proves yet that hooks run in the session and hold it; only for a hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// What to know before the session is resumed, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
}

/// An action in progress, or one that recently failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Pending)]
pub struct PendingAction {
    /// The kind of action.
    pub verb: ActionKind,
    /// Why the action failed or was refused; none while the action is in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When the action began or failed.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
}
