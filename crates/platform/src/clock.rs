//! The clocks of the program: the wall clock, the user's local time, and the engine's [`Clock`].

#[cfg(feature = "async")]
pub use super::waiting::sleep;
pub use super::wall_clock::{instant, wall};

use super::sys;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::time::{Duration, SystemTime};
use trusty_fleet::Timestamp;

/// The user's local time now, in minutes since midnight.
pub fn minute_of_day() -> u16 {
    minute_at(wall())
}

/// The user's local time at `time`, in minutes since midnight; UTC if the system's zone is unknown.
pub fn minute_at(time: SystemTime) -> u16 {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    let local = time.to_zoned(TimeZone::system()).datetime();
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}

/// The user's local time at `time`, such as `2026-11-29 10:15:02`.
pub fn local_text(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    let local = time.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time at which the user's clock shows `shown`; the first one if it does so twice.
pub fn time_from_local(shown: DateTime) -> Option<SystemTime> {
    let zoned = shown.to_zoned(TimeZone::system()).ok()?;
    Some(zoned.timestamp().into())
}

/// A clock that starts at the wall time, keeps counting during sleep, and ignores later changes of
/// the wall clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall: SystemTime,
    boot: Duration,
}

impl Clock {
    /// A clock that starts at the present wall time.
    pub fn start() -> Self {
        Self {
            wall: wall(),
            boot: sys::since_boot(),
        }
    }

    /// The clock of a machine on which the wall clock showed `wall` at `since_boot` after its boot. Only
    /// [`Self::at`] has a meaning if that was another machine.
    pub fn recorded(wall: SystemTime, since_boot: Duration) -> Self {
        Self {
            wall,
            boot: since_boot,
        }
    }

    /// A clock that showed `wall` at `since_boot` after the boot of a machine, which may be another
    /// one.
    pub fn starting_at(wall: SystemTime, since_boot: Duration) -> Self {
        Self {
            wall,
            boot: since_boot,
        }
    }

    /// The time on this clock at `since_boot` after the machine's boot.
    pub fn at(&self, since_boot: Duration) -> Timestamp {
        let moved = if since_boot >= self.boot {
            self.wall.checked_add(since_boot.saturating_sub(self.boot))
        } else {
            self.wall.checked_sub(self.boot.saturating_sub(since_boot))
        };
        moved.unwrap_or(self.wall).into()
    }

    /// How far the wall clock is ahead of this clock, in nanoseconds; negative if it is behind.
    pub fn ahead(&self) -> i64 {
        let wall = Timestamp::from(wall()).as_nanos();
        wall.saturating_sub(self.now().as_nanos())
    }

    /// The present time on this clock.
    pub fn now(&self) -> Timestamp {
        self.at(sys::since_boot())
    }
}
