//! The start time of a process as `LC_ALL=C TZ=UTC ps -o lstart=` prints it: the form of asctime(3),
//! "Sun Sep 13 15:22:36 2026", with the day padded by a space.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The longest text that is read, in bytes; ps prints 24.
const MAX_TEXT_BYTES: usize = 64;
const MONTH_NAMES: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The second since the Unix epoch that a text in UTC names; none for any other text, such as one
/// with the month in another language.
///
/// The day may stand before the month ("Sun 13 Sep …"), as the `en_GB` locale of macOS prints it. The
/// name of the weekday is not checked, because other locales translate that alone.
pub fn decode_start_second(text: &str) -> Option<i64> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_weekday, first, second, time, year] = words[..] else {
        return None;
    };
    let (month, day) = match (month_number(first), month_number(second)) {
        (Some(month), None) => (month, digits(second, 1..=2)?),
        (None, Some(month)) => (month, digits(first, 1..=2)?),
        _ => return None,
    };
    let mut parts = time.split(':').map(|part| digits(part, 2..=2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    let date = Date::new(digits(year, 4..=4)?, small(month)?, small(day)?).ok()?;
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let zoned = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

fn month_number(word: &str) -> Option<i16> {
    let at = MONTH_NAMES.iter().position(|month| *month == word)?;
    i16::try_from(at + 1).ok()
}

fn digits(word: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let is_number = lengths.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_of_ps_is_a_second_in_utc() {
        for (text, second) in [
            // `date -u -d @<second> '+%a %b %e %T %Y'` prints each.
            ("Sun Sep 13 15:22:36 2026", 1_789_312_956),
            ("Wed Jul  8 10:56:27 2026", 1_783_508_187),
            ("Thu Jan  1 00:00:00 1970", 0),
            ("Tue Feb 29 23:59:59 2028", 1_835_481_599),
            // Columns of ps are padded.
            (" Sun Sep 13 15:22:36 2026   \n", 1_789_312_956),
            ("Wed Jul 08 10:56:27 2026", 1_783_508_187),
            // Locales that change the order or the weekday alone.
            ("Sun 13 Sep 15:22:36 2026", 1_789_312_956),
            ("So 13 Sep 15:22:36 2026", 1_789_312_956),
        ] {
            assert_eq!(decode_start_second(text), Some(second), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_time() {
        for text in [
            "",
            "93930",
            "2026-09-13T15:22:36Z",
            "Sun Sep 13 15:22:36",
            "Sun Sep 13 15:22 2026",
            "Sun Sep 13 15:22:36 2026 UTC",
            "Sun Sep 13 3:22:36PM 2026",
            "Sun Sep 13 15:22:36:00 2026",
            "Sun Sep 31 15:22:36 2026",
            "Mon Feb 29 15:22:36 2027",
            "Sun Sep 13 24:00:00 2026",
            "Sun Sep 13 15:22:60 2026",
            "Sun Sep Sep 15:22:36 2026",
            "Sun 13 09 15:22:36 2026",
            "dim. 13 sept. 15:22:36 2026",
            "日 9月 13 15:22:36 2026",
            "Sun Sep +3 15:22:36 2026",
            "Sun Sep 13 15:22:36 +026",
            "Sun Sep 13 15:22:36 12026",
        ] {
            assert_eq!(decode_start_second(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_decodes_or_fails(text in ".{0,80}") {
            let _ = decode_start_second(&text);
        }

        #[test]
        fn every_second_is_read_back(second in 0_i64..4_102_444_800) {
            let time = jiff::Timestamp::from_second(second).expect("in range");
            let text = time.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string();
            prop_assert_eq!(decode_start_second(&text), Some(second));
        }
    }
}
