//! `[notifications]`: which events send a notification, and when none is sent.

use super::Settings;
use super::section::{KeyRequirements, SettingsSection, replace};
use jiff::civil::DateTime;
use serde::Deserialize;
use std::path::Path;
use std::time::{Duration, SystemTime};
use toml::value::Datetime;
use trusty_fleet::notice::{NoticeKind, QuietHours};
use trusty_platform::clock;

const MAX_FINISHED_AFTER_SECONDS: u64 = 24 * 60 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationsSection {
    needs: Option<bool>,
    finished: Option<bool>,
    failed: Option<bool>,
    stopped: Option<bool>,
    finished_after: Option<FinishedAfter>,
    quiet_hours: Option<QuietHoursSetting>,
    snooze_until: Option<SnoozeTime>,
}

#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct FinishedAfter(Duration);

/// `"22:00-07:00"`
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct QuietHoursSetting(QuietHours);

/// A date and a time, with an offset or in the system's time zone.
#[derive(Deserialize)]
#[serde(try_from = "Datetime")]
struct SnoozeTime(SystemTime);

impl SettingsSection for NotificationsSection {
    const SECTION_NAME: &'static str = "notifications";
    const KEY_REQUIREMENTS: KeyRequirements = &[
        ("needs", "true or false"),
        ("finished", "true or false"),
        ("failed", "true or false"),
        ("stopped", "true or false"),
        ("finished_after", "a number of seconds, at most a day"),
        ("quiet_hours", "like \"22:00-07:00\""),
        (
            "snooze_until",
            "a date and a time, like 2027-01-31T18:00:00",
        ),
    ];

    fn apply(self, settings: &mut Settings, _home: &Path) {
        let notices = &mut settings.notices;
        for (kind, enabled) in [
            (NoticeKind::Needs, self.needs),
            (NoticeKind::Finished, self.finished),
            (NoticeKind::Failed, self.failed),
            (NoticeKind::Stopped, self.stopped),
        ] {
            if enabled == Some(false) {
                notices.off.insert(kind);
            }
        }
        replace(
            &mut notices.finished_after,
            self.finished_after.map(|after| after.0),
        );
        replace(&mut notices.quiet, self.quiet_hours.map(|hours| hours.0));
        replace(
            &mut notices.snoozed_until,
            self.snooze_until.map(|time| time.0),
        );
    }
}

impl TryFrom<u64> for FinishedAfter {
    type Error = &'static str;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        match seconds {
            0..=MAX_FINISHED_AFTER_SECONDS => Ok(Self(Duration::from_secs(seconds))),
            _ => Err("more than a day"),
        }
    }
}

impl TryFrom<String> for QuietHoursSetting {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (from, to) = text.split_once('-').ok_or("not two times of day")?;
        let minute = |text| minute_of_day(text).ok_or("not a time of day");
        Ok(Self(QuietHours {
            from: minute(from)?,
            to: minute(to)?,
        }))
    }
}

/// `22:00`
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let has_two_digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
    if !(has_two_digits(hour) && has_two_digits(minute)) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

impl TryFrom<Datetime> for SnoozeTime {
    type Error = &'static str;

    fn try_from(time: Datetime) -> Result<Self, Self::Error> {
        if time.date.is_none() || time.time.is_none() {
            return Err("not a date and a time");
        }
        let text = time.to_string();
        let time = match time.offset {
            Some(_) => text.parse::<jiff::Timestamp>().ok().map(SystemTime::from),
            None => text
                .parse::<DateTime>()
                .ok()
                .and_then(clock::time_from_local),
        };
        time.map(Self).ok_or("not a time of this calendar")
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
        // In the system's time zone, whichever that is.
        let shown: DateTime = "2026-11-23T18:00:00".parse().expect("a time");
        assert_eq!(at("2026-11-23T18:00:00"), clock::time_from_local(shown));
        assert!(at("2026-11-23T18:00:00").is_some());
    }

    #[test]
    fn bad_values_are_named_and_ignored() {
        for (text, problem) in [
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
                settings.problems.iter().any(|p| p.contains(problem)),
                "{text}: {:?}",
                settings.problems
            );
            assert_eq!(settings.problems.len(), 1, "{text}");
            assert_eq!(settings.notices, NoticePreferences::default(), "{text}");
        }
    }
}
