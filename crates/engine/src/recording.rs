//! Recordings: the observations of a fleet in a file, to reproduce a wrong verdict elsewhere.
//!
//! One JSON object a line: a [`RecordingHeader`], then a [`RecordingLine`] for each observation, in
//! the order in which the engine filed them. A replay files them again, with their times, in a
//! fleet of its own.

mod read;
mod redact;
mod timeline;
mod write;

pub use read::{LineDefect, ParsedRecording, RecordingReadError, SkippedLine, read};
pub use redact::{RecordingPrivacy, RecordingRedactor};
pub use timeline::{TimelineEntry, TimelineMoment, describe_timeline, timeline};
pub use write::{ObservationRecorder, RecordingOutcome, RecordingTask, WriteError};

use serde::{Deserialize, Serialize};
use trusty_fleet::identity::MachineIdentity;
use trusty_fleet::{Observation, Timestamp};

/// The value of [`RecordingHeader::format`].
const RECORDING_FORMAT: &str = "trusty-observations";
/// The version that is written, and the newest that can be read.
const RECORDING_VERSION: u32 = 1;
/// The path that replaces the user's home in a redacted recording.
pub const REDACTED_HOME: &str = "/home/user";

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingHeader {
    /// `trusty-observations`
    pub format: String,
    /// The version of the line format.
    pub version: u32,
    /// The version of Trusty Bar that wrote the recording.
    pub trusty: String,
    /// When the recording began.
    pub recorded_at: Timestamp,
    /// The machine, from which session ids are derived.
    pub machine: MachineIdentity,
    /// Whether texts were redacted.
    pub redacted: bool,
}

/// Any later line of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordingLine {
    /// An observation that the fleet was given.
    Observed(Observation),
    /// A point that the engine reached.
    Mark {
        /// When the engine reached it.
        at: Timestamp,
        /// Which point.
        mark: RecordingMark,
    },
}

/// A point in an engine's life that a replay needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordingMark {
    /// The first scan ended and the first snapshot was published; a replay shows all earlier
    /// observations at once.
    #[serde(rename = "FirstLook")]
    FirstScan,
    /// The engine ended, with no further observation until then.
    End,
}

#[cfg(test)]
mod tests;
