//! The clocks of the standard library.

#![expect(clippy::disallowed_methods, reason = "the place that asks the time")]

use std::time::{Instant, SystemTime};

/// The wall clock, for ages shown to people.
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// A point to measure a short while from.
pub fn instant() -> Instant {
    Instant::now()
}
