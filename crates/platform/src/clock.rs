//! The only clock.

#[cfg(feature = "async")]
pub use super::waiting::sleep;
pub use super::wall_clock::{instant, wall};

use super::sys;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::time::{Duration, SystemTime};
use trusty_fleet::Timestamp;

/// Minutes since midnight where the user is, now.
pub fn minute_of_day() -> u16 {
    minute_at(wall())
}

/// Minutes since midnight where the user is, at that time; by UTC where the system does not tell.
pub fn minute_at(time: SystemTime) -> u16 {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    let local = time.to_zoned(TimeZone::system()).datetime();
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}

/// A time as clocks where the user is show it: `2026-11-29 10:15:02`.
pub fn local_text(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    let local = time.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time at which clocks where the user is show this; the first one, where they do so twice.
pub fn time_from_local(shown: DateTime) -> Option<SystemTime> {
    let zoned = shown.to_zoned(TimeZone::system()).ok()?;
    Some(zoned.timestamp().into())
}

/// Counts on from the wall time at its start, through sleep, whatever the wall clock does.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall: SystemTime,
    boot: Duration,
}

impl Clock {
    /// Starts at the wall time of now.
    pub fn start() -> Self {
        Self {
            wall: wall(),
            boot: sys::since_boot(),
        }
    }

    /// The point so long after boot.
    pub fn at(&self, since_boot: Duration) -> Timestamp {
        let moved = if since_boot >= self.boot {
            self.wall.checked_add(since_boot.saturating_sub(self.boot))
        } else {
            self.wall.checked_sub(self.boot.saturating_sub(since_boot))
        };
        moved.unwrap_or(self.wall).into()
    }

    /// By how much the wall clock is ahead of this one, in nanoseconds.
    pub fn ahead(&self) -> i64 {
        let wall = Timestamp::from(wall()).as_nanos();
        wall.saturating_sub(self.now().as_nanos())
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.at(sys::since_boot())
    }
}
