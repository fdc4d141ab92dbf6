//! Time as a value: whatever owns a clock passes `Timestamp`s in.

pub mod rfc3339;

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in nanoseconds since the Unix epoch; converted to milliseconds for display.
///
/// The engine's clock reads the wall time once, at the start, and then counts with a clock that
/// continues while the machine sleeps. Differences therefore stay right when the wall clock is set.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// How far the wall clock was ahead of the engine's clock, in spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WallClock {
    /// The start of each span and its lead in nanoseconds, oldest first.
    spans: Vec<(Timestamp, i64)>,
}

impl WallClock {
    /// The longest delay until a change of the wall clock is noticed.
    const CLOCK_DETECTION_DELAY: Duration = Duration::from_secs(6);
    /// A bound for a wall clock that is set again and again.
    const MAX_SPANS: usize = 16;

    /// How far the wall clock is ahead now, in nanoseconds; negative if it is behind.
    pub fn current_lead(&self) -> i64 {
        self.spans.last().map_or(0, |(_, ahead)| *ahead)
    }

    /// Records that the wall clock is `ahead` nanoseconds ahead from `now` on.
    pub fn set(&mut self, now: Timestamp, ahead: i64) {
        self.spans.push((now, ahead));
        if self.spans.len() > Self::MAX_SPANS {
            self.spans.remove(0);
        }
    }

    /// The engine's time at which the wall clock showed `wall`, by the newest span that allows it;
    /// `wall` itself if none does.
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
    /// This point moved back by `by`.
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

    /// Parses an RFC 3339 time with any offset; none if the text is not one.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok().map(Self)
    }

    /// The time elapsed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This point moved forward by `by`.
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
