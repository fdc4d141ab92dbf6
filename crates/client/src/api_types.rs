//! What both ends of the local API agree on: bodies, headers, names.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};
use trusty_fleet::authorization::AnswerPolicy;
use trusty_fleet::pause::{Initiator, PauseKind};
use trusty_fleet::request::{Answer, RequestContent, RequestId};
use trusty_fleet::session::SessionRequest;
use trusty_fleet::snapshot::{HealthIssue, SnapshotDelta};
use trusty_fleet::time::rfc3339;
use trusty_fleet::view::Card;
use trusty_fleet::{SessionId, Snapshot};
use trusty_wire::command_deadline::CommandDeadline;
use utoipa::ToSchema;

/// The header that tells which version answers.
pub const VERSION_HEADER: &str = "x-trusty-version";
/// The header of an answer that tells where the user gave it.
pub const ANSWERED_IN_HEADER: &str = "trusty-answered-in";
/// Where events are.
pub const API_EVENTS_PATH: &str = "/v1/events";

/// The header of a command that names its deadline: milliseconds of the clock that counts since
/// boot, through sleep (`CLOCK_BOOTTIME`, on macOS `mach_continuous_time`).
pub const DEADLINE_HEADER: &str = "trusty-deadline";

/// The header in which a client names the last event it has.
pub const LAST_EVENT_HEADER: &str = "last-event-id";
/// The name of an event that is a snapshot.
pub const SNAPSHOT_EVENT: &str = "snapshot";
/// The name of an event that is a change.
pub const CHANGE_EVENT: &str = "change";

/// The data of one event, as its `event` field names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EventData {
    /// Of `snapshot`: everything.
    Snapshot(Snapshot),
    /// Of `change`: what leads on from the event before.
    Change(SnapshotDelta),
}

/// How a pause is wished for; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// The kind. Without one, the best that is possible and loses nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<PauseKind>,
    /// What to remember of it; shown with the session while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who asks; without, a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Initiator>,
}

/// How a session is to end; every part may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// Whether it may be killed (SIGKILL) if it does not end by itself (SIGTERM) within 5 s. What
    /// it has not written down yet is lost then.
    #[serde(default)]
    pub kill: bool,
}

/// An answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// Which request: the answer applies to that one only.
    pub request: RequestId,
    /// What is answered.
    pub answer: Answer,
}

/// What the user has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttentionRequest {
    /// The session whose terminal was looked at; without one, all of them, in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// A request with everything that an answer would apply to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WholeRequest {
    /// The request, as its session tells it.
    pub request: SessionRequest,
    /// What is asked, as the client wrote it.
    pub content: RequestContent,
    /// The same, ready to draw: what cannot be seen is written as its name.
    pub card: Card,
}

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EngineHealth {
    /// The version of Trusty Bar that answers.
    pub version: String,
    /// The process that runs the engine.
    pub pid: u32,
    /// Since when it answers.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// How many sessions are shown; none before the first look is over.
    pub sessions: usize,
    /// What is wrong with the sources; empty when all is well.
    pub health: Vec<HealthIssue>,
    /// Who may answer besides the app, as the settings said at the start of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswerPermissions>,
}

/// Who may answer besides the app (`[answers]` in the settings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerPermissions {
    /// Programs that no session started.
    pub programs: bool,
    /// `trusty`, after a letter typed in a terminal.
    pub terminal: bool,
}

impl From<AnswerPolicy> for AnswerPermissions {
    fn from(policy: AnswerPolicy) -> Self {
        let AnswerPolicy { programs, terminal } = policy;
        Self { programs, terminal }
    }
}

/// The value of [`DEADLINE_HEADER`].
pub fn header_value(deadline: CommandDeadline) -> String {
    millis(deadline.since_boot()).to_string()
}

/// Milliseconds, as [`DEADLINE_HEADER`] counts them.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
