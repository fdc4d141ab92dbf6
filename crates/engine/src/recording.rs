//! Recordings: what the fleet was told, as a file that shows a wrong verdict to somebody else.
//!
//! One JSON object a line: a [`Header`], then a [`Line`] for each observation, in the order in
//! which the engine filed them. A replay files them again, at their times, in a fleet of its own.

mod read;
mod redact;
mod timeline;
mod write;

pub use read::{Log, Problem, ReadError, Trouble, read};
pub use redact::{Privacy, Redaction};
pub use timeline::{Moment, Told, story, timeline};
pub use write::{Outcome, Recorder, Recording, WriteError};

use serde::{Deserialize, Serialize};
use trusty_fleet::identity::Machine;
use trusty_fleet::{Observation, Timestamp};

/// What a recording calls itself.
const FORMAT: &str = "trusty-observations";
/// The newest form we read, and the one we write.
const VERSION: u32 = 1;
/// What stands for the owner's home in a redacted recording.
pub const HOME: &str = "/home/user";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// `trusty-observations`
    pub format: String,
    /// Of the form of the lines.
    pub version: u32,
    /// Which version of ours wrote it.
    pub trusty: String,
    /// When it was begun.
    pub recorded_at: Timestamp,
    /// Where: session ids are made of it.
    pub machine: Machine,
    /// Whether texts were left out.
    pub redacted: bool,
}

/// Any other line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// The fleet was told this.
    Seen(Observation),
    /// The engine came to this point.
    Mark {
        /// When.
        at: Timestamp,
        /// Which.
        mark: Mark,
    },
}

/// A point in an engine's life that a replay must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// The first snapshot was published: what was told before is shown at once.
    FirstLook,
    /// Nothing more was told until now.
    End,
}

#[cfg(test)]
mod tests;
