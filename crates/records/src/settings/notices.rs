//! `[notifications]`: what its owner is told of.

use super::Settings;
use jiff::civil::DateTime;
use std::time::{Duration, SystemTime};
use toml::Value;
use toml::value::{Datetime, Offset};
use trusty_fleet::notice::{NoticeKind, QuietHours};
use trusty_platform::clock;

/// The longest time of work that may be asked for, in seconds: a day.
const MAX_FINISHED_AFTER_SECONDS: i64 = 24 * 60 * 60;

impl Settings {
    pub(super) fn notifications(&mut self, key: &str, value: &Value) {
        match (key, value) {
            ("needs", value) => self.kind(NoticeKind::Needs, key, value),
            ("finished", value) => self.kind(NoticeKind::Finished, key, value),
            ("failed", value) => self.kind(NoticeKind::Failed, key, value),
            ("stopped", value) => self.kind(NoticeKind::Stopped, key, value),
            ("finished_after", Value::Integer(seconds @ 0..=MAX_FINISHED_AFTER_SECONDS)) => {
                self.notices.finished_after = Duration::from_secs(seconds.unsigned_abs());
            }
            ("finished_after", _) => {
                self.ignore("notifications.finished_after must be a number of seconds, at most a \
                             day");
            }
            ("quiet_hours", value) => match value.as_str().and_then(hours) {
                Some(hours) => self.notices.quiet = Some(hours),
                None => self.ignore("notifications.quiet_hours must be like \"22:00-07:00\""),
            },
            ("snooze_until", value) => match value.as_datetime().and_then(parse_time) {
                Some(until) => self.notices.snoozed_until = Some(until),
                None => self.ignore(
                    "notifications.snooze_until must be a date and a time, like 2027-01-31T18:00:00",
                ),
            },
            _ => self.ignore(&format!("notifications.{key} is not a known setting")),
        }
    }

    fn kind(&mut self, kind: NoticeKind, key: &str, value: &Value) {
        match value.as_bool() {
            Some(true) => drop(self.notices.off.remove(&kind)),
            Some(false) => drop(self.notices.off.insert(kind)),
            None => self.ignore(&format!("notifications.{key} must be true or false")),
        }
    }
}

/// `22:00-07:00`
fn hours(text: &str) -> Option<QuietHours> {
    let (from, to) = text.split_once('-')?;
    Some(QuietHours {
        from: minute(from)?,
        to: minute(to)?,
    })
}

/// `22:00`
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
    let known = digits(hour) && digits(minute);
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (known && hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// A time with its offset, or as clocks here show it.
fn parse_time(told: &Datetime) -> Option<SystemTime> {
    if told.date.is_none() || told.time.is_none() {
        return None;
    }
    let text = told.to_string();
    match told.offset {
        Some(Offset::Z | Offset::Custom { .. }) => {
            Some(text.parse::<jiff::Timestamp>().ok()?.into())
        }
        None => clock::time_from_local(text.parse::<DateTime>().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::UNIX_EPOCH;
    use trusty_fleet::notice::NoticePreferences;

    fn read(text: &str) -> Settings {
        let text = format!("[notifications]\n{text}\n");
        Settings::parse(&text, Path::new("/home/dev"))
    }

    #[test]
    fn good_values_are_taken() {
        let none = read("needs = true");
        assert_eq!((none.notices, none.problems), Default::default());
        let all = read("needs = false\nfinished = false\nfailed = false\nstopped = false");
        assert_eq!(all.notices.off.len(), 4);
        let work = read("finished_after = 300").notices.finished_after;
        assert_eq!(work, Duration::from_mins(5));
        let hours = read("quiet_hours = '22:30-07:00'").notices.quiet;
        let night = QuietHours {
            from: 22 * 60 + 30,
            to: 7 * 60,
        };
        assert_eq!(hours, Some(night));
        let at = |text: &str| {
            read(&format!("snooze_until = {text}"))
                .notices
                .snoozed_until
        };
        let begin = UNIX_EPOCH + Duration::from_hours(1);
        assert_eq!(at("1970-01-01T01:00:00Z"), Some(begin));
        assert_eq!(at("1970-01-01 03:00:00+02:00"), Some(begin));
        // As clocks here show it, wherever here is.
        let shown: DateTime = "2026-11-23T18:00:00".parse().expect("a time");
        assert_eq!(at("2026-11-23T18:00:00"), clock::time_from_local(shown));
        assert!(at("2026-11-23T18:00:00").is_some());
    }

    #[test]
    fn bad_values_are_named_and_ignored() {
        for (text, told) in [
            ("needs = 1", "notifications.needs must be true or false"),
            ("stopped = 'no'", "notifications.stopped must be"),
            ("finished_after = -1", "a number of seconds, at most a day"),
            (
                "finished_after = 86401",
                "a number of seconds, at most a day",
            ),
            (
                "finished_after = '60'",
                "a number of seconds, at most a day",
            ),
            ("quiet_hours = '22:00'", "must be like \"22:00-07:00\""),
            ("quiet_hours = '24:00-07:00'", "must be like"),
            ("quiet_hours = '22:60-07:00'", "must be like"),
            ("quiet_hours = '+2:00-07:00'", "must be like"),
            ("quiet_hours = 22", "must be like"),
            ("snooze_until = 2026-11-23", "must be a date and a time"),
            ("snooze_until = 18:00:00", "must be a date and a time"),
            ("snooze_until = 'tomorrow'", "must be a date and a time"),
            ("sound = true", "notifications.sound is not a known setting"),
        ] {
            let settings = read(text);
            assert!(
                settings.problems.iter().any(|p| p.contains(told)),
                "{text}: {:?}",
                settings.problems
            );
            assert_eq!(settings.problems.len(), 1, "{text}");
            assert_eq!(settings.notices, NoticePreferences::default(), "{text}");
        }
    }
}
