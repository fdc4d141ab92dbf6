//! Time as a value. Whoever owns a clock hands `Timestamp`s in.

pub mod rfc3339;

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in nanoseconds since the Unix epoch; people are told milliseconds.
///
/// The engine's clock fixes the wall time once, at start, and counts on from there with a clock
/// that goes on while the machine sleeps, so differences stay true when the wall clock is set.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// By how much the wall clock was ahead of the time facts are dated with, span by span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WallClock {
    /// From when on, and by how many nanoseconds; in the order of time.
    spans: Vec<(Timestamp, i64)>,
}

impl WallClock {
    /// That the clock was set is noticed up to so much later.
    const CLOCK_DETECTION_DELAY: Duration = Duration::from_secs(6);
    /// The most spans kept: somebody sets the clock all the time.
    const MAX_SPANS: usize = 16;

    /// By how much it is ahead now.
    pub fn current_lead(&self) -> i64 {
        self.spans.last().map_or(0, |(_, ahead)| *ahead)
    }

    /// It was found to be ahead by so much from now on.
    pub fn set(&mut self, now: Timestamp, ahead: i64) {
        self.spans.push((now, ahead));
        if self.spans.len() > Self::MAX_SPANS {
            self.spans.remove(0);
        }
    }

    /// The time facts are dated with at which the wall clock showed `wall`: that of the newest
    /// span in which it can have shown it.
    pub fn from_wall_time(&self, wall: Timestamp, now: Timestamp) -> Timestamp {
        let mut end = now;
        for (from, ahead) in self.spans.iter().rev() {
            let ours = Timestamp(wall.0.saturating_sub(*ahead));
            if ours.after(Self::CLOCK_DETECTION_DELAY) >= *from
                && ours <= end.after(Self::CLOCK_DETECTION_DELAY)
            {
                return ours;
            }
            end = *from;
        }
        wall
    }
}

const NANOS_PER_MILLI: i64 = 1_000_000;

impl Timestamp {
    /// So much earlier.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(nanos))
    }

    /// `millis` milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// Whole milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(NANOS_PER_MILLI)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// `nanos` nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Reads an RFC 3339 time with any offset; none if the text is not one.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok().map(Self)
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This point moved ahead by `by`.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX)),
        )
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = |d: Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(nanos(after)),
            Err(before) => Self(-nanos(before.duration())),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let millis = time.as_millis();
        let by = Duration::from_millis(millis.unsigned_abs());
        let moved = if millis >= 0 {
            UNIX_EPOCH.checked_add(by)
        } else {
            UNIX_EPOCH.checked_sub(by)
        };
        moved.unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_any_offset_are_read() {
        let at = Some(Timestamp::from_millis(1_795_374_919_488));
        for text in [
            "2026-11-22T19:15:19.488Z",
            "2026-11-22T20:15:19.488+01:00",
            "2026-11-22 13:45:19.488-05:30",
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), at, "{text}");
        }
        for odd in ["", "now", "2026-11-22T19:15:19.488", "9999-12-31T00:00:00Z"] {
            assert_eq!(Timestamp::from_rfc3339(odd), None, "{odd}");
        }
    }
}
