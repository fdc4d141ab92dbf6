//! Recordings: what the fleet was told, as a file that shows a wrong verdict to somebody else.
//!
//! One JSON object a line: a [`RecordingHeader`], then a [`RecordingLine`] for each observation, in the order in
//! which the engine filed them. A replay files them again, at their times, in a fleet of its own.

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

/// What a recording calls itself.
const RECORDING_FORMAT: &str = "trusty-observations";
/// The newest form we read, and the one we write.
const RECORDING_VERSION: u32 = 1;
/// What stands for the owner's home in a redacted recording.
pub const REDACTED_HOME: &str = "/home/user";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingHeader {
    /// `trusty-observations`
    pub format: String,
    /// Of the form of the lines.
    pub version: u32,
    /// Which version of ours wrote it.
    pub trusty: String,
    /// When it was begun.
    pub recorded_at: Timestamp,
    /// Where: session ids are made of it.
    pub machine: MachineIdentity,
    /// Whether texts were left out.
    pub redacted: bool,
}

/// Any other line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordingLine {
    /// The fleet was told this.
    Observed(Observation),
    /// The engine came to this point.
    Mark {
        /// When.
        at: Timestamp,
        /// Which.
        mark: RecordingMark,
    },
}

/// A point in an engine's life that a replay must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordingMark {
    /// The first snapshot was published: what was told before is shown at once.
    #[serde(rename = "FirstLook")]
    FirstScan,
    /// Nothing more was told until now.
    End,
}

#[cfg(test)]
mod tests;
