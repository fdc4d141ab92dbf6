//! The operating systems that Trusty Bar runs on, as a value, so that the behaviour of both is
//! tested on one machine.

use serde::{Deserialize, Serialize};

/// An operating system. [`Linux`](System::Linux) stands for every system with `/proc` and the XDG
/// folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Linux.
    Linux,
    /// macOS.
    Mac,
}
