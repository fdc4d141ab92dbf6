//! The start time of a process in the words of Claude Code: `procStart` of a registry file.

use super::StartTime;
use serde::{Deserialize, Serialize};

/// The longest distance of a local time from UTC, in seconds.
const MAX_ZONE_OFFSET_SECONDS: u64 = 14 * 3600;
/// All time zones differ from UTC by a multiple of this, in seconds.
const ZONE_STEP_SECONDS: u64 = 15 * 60;

/// The start time that a registry file gives. On the wire: a bare number (the only form up to
/// 0.1.0), `{"second": n}`, or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "WireStart", into = "WireStart")]
pub enum ProcStart {
    /// A number: on Linux, clock ticks since boot.
    Ticks(u64),
    /// A second since the Unix epoch: on macOS, the file holds what `ps -o lstart=` prints in UTC.
    Second(i64),
    /// Something else, which cannot be compared with a start time.
    Unreadable,
}

/// Whether a registry file is about the process that has its pid now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartMatch {
    /// The start times are the same.
    Same,
    /// The file is about an earlier process.
    Different,
    /// The start times cannot be compared.
    Unknown,
}

impl ProcStart {
    /// Compares the start time of a file with that of a live process.
    pub fn compare(self, start: StartTime) -> StartMatch {
        match (self, start.epoch_second()) {
            (Self::Ticks(ticks), _) if ticks == start.0 => StartMatch::Same,
            (Self::Ticks(_), None) => StartMatch::Different,
            (Self::Ticks(number), Some(second)) => match seconds_of_number(number) {
                Some(given) => compare_seconds(given, second),
                None => StartMatch::Unknown,
            },
            (Self::Second(given), Some(second)) => match u64::try_from(given) {
                Ok(given) => compare_seconds(given, second),
                Err(_) => StartMatch::Different,
            },
            (Self::Second(_), None) | (Self::Unreadable, _) => StartMatch::Unknown,
        }
    }
}

/// Seconds since the epoch, if a number has the size of seconds, milliseconds or microseconds since
/// the epoch between 2001 and 2286. No version of Claude Code is known to write such a number.
fn seconds_of_number(number: u64) -> Option<u64> {
    [1, 1_000, 1_000_000]
        .map(|unit| number / unit)
        .into_iter()
        .find(|seconds| (1_000_000_000..10_000_000_000).contains(seconds))
}

/// Two times that differ by a time zone's offset may be the same time, one of them local.
fn compare_seconds(given: u64, second: u64) -> StartMatch {
    match given.abs_diff(second) {
        0 => StartMatch::Same,
        apart if apart <= MAX_ZONE_OFFSET_SECONDS && apart.is_multiple_of(ZONE_STEP_SECONDS) => {
            StartMatch::Unknown
        }
        _ => StartMatch::Different,
    }
}

/// The form on the wire.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireStart {
    Number(u64),
    Second { second: i64 },
    Word(String),
}

impl From<WireStart> for ProcStart {
    fn from(wire: WireStart) -> Self {
        match wire {
            WireStart::Number(ticks) => Self::Ticks(ticks),
            WireStart::Second { second } => Self::Second(second),
            WireStart::Word(_) => Self::Unreadable,
        }
    }
}

impl From<ProcStart> for WireStart {
    fn from(start: ProcStart) -> Self {
        match start {
            ProcStart::Ticks(ticks) => Self::Number(ticks),
            ProcStart::Second(second) => Self::Second { second },
            ProcStart::Unreadable => Self::Word("unreadable".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-13 15:22:36.123456 UTC, as macOS keeps it.
    const MAC_START: StartTime = StartTime(1_789_312_956_123_456);

    #[test]
    fn a_file_is_of_a_process_of_macos_if_the_second_is_the_same() {
        use StartMatch::{Different, Same, Unknown};
        for (start, expected) in [
            (ProcStart::Second(1_789_312_956), Same),
            (ProcStart::Second(1_789_312_957), Different),
            (ProcStart::Second(1_789_312_955), Different),
            (ProcStart::Second(-1), Different),
            // Local time, in Berlin and in Nepal.
            (ProcStart::Second(1_789_312_956 + 2 * 3600), Unknown),
            (
                ProcStart::Second(1_789_312_956 + 5 * 3600 + 45 * 60),
                Unknown,
            ),
            (ProcStart::Second(1_789_312_956 + 15 * 3600), Different),
            (ProcStart::Ticks(1_789_312_956_123_456), Same),
            (ProcStart::Ticks(1_789_312_956_123_457), Same),
            (ProcStart::Ticks(1_789_312_956_123), Same),
            (ProcStart::Ticks(1_789_312_956), Same),
            (ProcStart::Ticks(1_789_312_900), Different),
            (ProcStart::Ticks(93_930), Unknown),
            (ProcStart::Ticks(u64::MAX), Unknown),
            (ProcStart::Unreadable, Unknown),
        ] {
            assert_eq!(start.compare(MAC_START), expected, "{start:?}");
        }
    }

    #[test]
    fn a_file_is_of_a_process_of_linux_if_the_ticks_are_the_same() {
        let start = StartTime(93_930);
        assert_eq!(ProcStart::Ticks(93_930).compare(start), StartMatch::Same);
        let other = ProcStart::Ticks(93_931);
        assert_eq!(other.compare(start), StartMatch::Different);
        for incomparable in [ProcStart::Second(1_789_312_956), ProcStart::Unreadable] {
            assert_eq!(incomparable.compare(start), StartMatch::Unknown);
        }
    }

    #[test]
    fn the_number_of_older_recordings_is_read_and_every_form_is_read_back() {
        let read = |text: &str| serde_json::from_str::<ProcStart>(text).ok();
        assert_eq!(read("93930"), Some(ProcStart::Ticks(93_930)));
        assert_eq!(
            read("18446744073709551615"),
            Some(ProcStart::Ticks(u64::MAX))
        );
        for (start, text) in [
            (ProcStart::Ticks(93_930), "93930"),
            (ProcStart::Second(-5), "{\"second\":-5}"),
            (ProcStart::Unreadable, "\"unreadable\""),
        ] {
            let written = serde_json::to_string(&start).expect("JSON");
            assert_eq!(written, text);
            assert_eq!(read(&written), Some(start));
        }
    }
}
