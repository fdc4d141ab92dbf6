//! The time until which a command may begin.

use std::time::Duration;
use trusty_platform::sys;

/// How long after it was sent a command may begin, unless its caller names a deadline.
pub const COMMAND_START_TIMEOUT: Duration = Duration::from_secs(10);

/// The last moment at which a command may begin, as time since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandDeadline(Duration);

impl CommandDeadline {
    /// The deadline at this time since boot.
    pub fn from_boot_time(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// The deadline of a command that was sent at this time since boot.
    pub fn of_command_sent_at(since_boot: Duration) -> Self {
        Self(since_boot.saturating_add(COMMAND_START_TIMEOUT))
    }

    /// The deadline of a command that is sent now.
    pub fn of_command_sent_now() -> Self {
        Self::of_command_sent_at(sys::since_boot())
    }

    /// The deadline as time since boot.
    pub fn since_boot(self) -> Duration {
        self.0
    }

    /// Whether the deadline has passed, so that the command may not begin any more.
    pub fn is_past(self) -> bool {
        sys::since_boot() > self.0
    }
}
