//! The types, headers and names on which both ends of the local API agree.

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

/// The header that says which version answers.
pub const VERSION_HEADER: &str = "x-trusty-version";
/// The header of an answer that says where the user gave the answer.
pub const ANSWERED_IN_HEADER: &str = "trusty-answered-in";
/// The path of the event stream.
pub const API_EVENTS_PATH: &str = "/v1/events";

/// The header that sets a command's deadline, in milliseconds of the clock that counts since boot,
/// through sleep (`CLOCK_BOOTTIME`, on macOS `mach_continuous_time`).
pub const DEADLINE_HEADER: &str = "trusty-deadline";

/// The header in which a client names the last event that it received.
pub const LAST_EVENT_HEADER: &str = "last-event-id";
/// The name of the event that holds a snapshot.
pub const SNAPSHOT_EVENT: &str = "snapshot";
/// The name of the event that holds a change.
pub const CHANGE_EVENT: &str = "change";

/// The data of one event; the `event` field says which kind it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EventData {
    /// The data of `snapshot`: everything.
    Snapshot(Snapshot),
    /// The data of `change`: what differs from the event before.
    Change(SnapshotDelta),
}

/// How to pause a session; every field is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// The kind of pause; by default the best available one that loses nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<PauseKind>,
    /// A note, shown with the session while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who asks for the pause; by default a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Initiator>,
}

/// How to stop a session; every field is optional.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// Whether to kill the session (SIGKILL) if it does not exit within 5 s of SIGTERM. Output that
    /// is not saved yet is then lost.
    #[serde(default)]
    pub kill: bool,
}

/// An answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The request; the answer applies to no other.
    pub request: RequestId,
    /// The answer.
    pub answer: Answer,
}

/// What the user has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttentionRequest {
    /// The session whose terminal was looked at; if absent, all sessions, in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// A request with everything that an answer would apply to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WholeRequest {
    /// The request as its session lists it.
    pub request: SessionRequest,
    /// What is requested, as Claude Code wrote it.
    pub content: RequestContent,
    /// The same, ready to draw: characters that cannot be seen are replaced by their names.
    pub card: Card,
}

/// The version, process and health of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EngineHealth {
    /// The version of the Trusty Bar that answers.
    pub version: String,
    /// The process that runs the engine.
    pub pid: u32,
    /// When the engine began to answer.
    #[serde(with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: SystemTime,
    /// How many sessions are shown; 0 until the first scan is over.
    pub sessions: usize,
    /// The problems of the sources; empty if there are none.
    pub health: Vec<HealthIssue>,
    /// Who may answer besides the app, as the settings said when the engine started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswerPermissions>,
}

/// Who may answer requests besides the app (`[answers]` in the settings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerPermissions {
    /// Whether programs that no session started may answer.
    pub programs: bool,
    /// Whether `trusty` may answer, after a letter typed in a terminal.
    pub terminal: bool,
}

impl From<AnswerPolicy> for AnswerPermissions {
    fn from(policy: AnswerPolicy) -> Self {
        let AnswerPolicy { programs, terminal } = policy;
        Self { programs, terminal }
    }
}

/// The value of [`DEADLINE_HEADER`] for this deadline.
pub fn header_value(deadline: CommandDeadline) -> String {
    millis(deadline.since_boot()).to_string()
}

/// A duration in whole milliseconds, the unit of [`DEADLINE_HEADER`].
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
