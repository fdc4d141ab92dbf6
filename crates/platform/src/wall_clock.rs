//! The clocks of the standard library.

#![expect(clippy::disallowed_methods, reason = "the place that asks the time")]

use std::time::{Instant, SystemTime};

/// The wall time, for ages shown to people.
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The monotonic time, to measure short durations; may stop while the machine sleeps.
pub fn instant() -> Instant {
    Instant::now()
}
