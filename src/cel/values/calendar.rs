//! Timestamps as the calendar has them: the parts of a point in time, and RFC 3339.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

/// The Gregorian calendar repeats itself after 400 years, weekdays included.
const CYCLE_YEARS: i64 = 400;
const CYCLE_SECONDS: i64 = 146_097 * 86_400;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A point in time in the calendar, in UTC or at an offset from it.
#[derive(Debug, Clone, Copy)]
pub(in crate::cel) struct CalendarTime {
    pub(in crate::cel) year: i64,
    /// The same day and time in the same year of another cycle of 400 years, so that no timestamp is out of range.
    pub(in crate::cel) in_cycle: DateTime,
}

impl CalendarTime {
    /// From seconds since 1970 in UTC, nanoseconds, and the offset from UTC in seconds.
    pub(in crate::cel) fn new(seconds: i64, nanos: i32, offset: i32) -> Self {
        let cycle = seconds.div_euclid(CYCLE_SECONDS);
        let in_cycle = seconds.rem_euclid(CYCLE_SECONDS) + i64::from(offset);
        let in_cycle = EPOCH + SignedDuration::new(in_cycle, nanos);
        Self {
            year: cycle * CYCLE_YEARS + i64::from(in_cycle.year()),
            in_cycle,
        }
    }
}

/// Reads RFC 3339, as in `2026-01-31T23:00:00.5+01:00`: seconds since 1970, and nanoseconds. A leap second is the
/// first second of the next minute; digits after the ninth are left out; a space may stand for the `T`.
pub(in crate::cel) fn parse_rfc3339(text: &str) -> Option<(i64, i32)> {
    let number = |start: usize, length: usize, max: i64| digits(text.get(start..start + length)?, max);
    let separator = |place: usize, characters: &[char]| text.get(place..)?.strip_prefix(characters);
    let year = number(0, 4, 9999)?;
    separator(4, &['-'])?;
    let month = number(5, 2, 12)?;
    separator(7, &['-'])?;
    let day = number(8, 2, 31)?;
    separator(10, &['T', 't', ' '])?;
    let hour = number(11, 2, 23)?;
    separator(13, &[':'])?;
    let minute = number(14, 2, 59)?;
    separator(16, &[':'])?;
    let second = number(17, 2, 60)?;

    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let kept = &fraction[..length.min(9)];
        nanos = digits(kept, i64::MAX)? * 10_i64.pow(9 - kept.len() as u32);
        rest = &fraction[length..];
    }
    let date = Date::new(year as i16, month as i8, day as i8).ok()?;
    let days = date.duration_since(EPOCH.date()).as_secs();
    let seconds = days + hour * 3600 + minute * 60 + second - offset(rest)?;
    Some((seconds, nanos as i32))
}

/// `Z`, or `+hh:mm`, in seconds.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, hours_and_minutes) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        // A hyphen, or a minus sign as typography has it.
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let (hours, minutes) = hours_and_minutes.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    Some(sign * (digits(hours, 23)? * 3600 + digits(minutes, 59)? * 60))
}

/// A number of digits alone, one at least.
fn digits(text: &str, max: i64) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok())??;
    (number <= max).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{CalendarTime, parse_rfc3339};

    #[test]
    fn rfc_3339_is_read_strictly() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            ("1970-01-01t00:00:00z", Some((0, 0))),
            ("1970-01-01 00:00:01.5Z", Some((1, 500_000_000))),
            ("1969-12-31T23:59:59.000000001Z", Some((-1, 1))),
            ("1970-01-01T00:00:00.1234567891Z", Some((0, 123_456_789))),
            ("1970-01-01T01:30:00+01:30", Some((0, 0))),
            ("1969-12-31T22:30:00\u{2212}01:30", Some((0, 0))),
            ("2016-12-31T23:59:60Z", Some((1_483_228_800, 0))),
            ("2000-02-29T00:00:00Z", Some((951_782_400, 0))),
            ("0001-01-01T00:00:00Z", Some((-62_135_596_800, 0))),
            ("9999-12-31T23:59:59-23:59", Some((253_402_387_139, 0))),
            ("1900-02-29T00:00:00Z", None),
            ("1970-01-01T24:00:00Z", None),
            ("1970-01-01T00:00:61Z", None),
            ("1970-01-01T00:00Z", None),
            ("1970-01-01T00:00:00", None),
            ("1970-01-01T00:00:00.Z", None),
            ("1970-01-01T00:00:00+24:00", None),
            ("1970-01-01T00:00:00+0100", None),
            ("1970-01-01T00:00:00+1:00", None),
            ("1970-01-01T00:00:00Z ", None),
            ("1970-1-01T00:00:00Z", None),
            ("+970-01-01T00:00:00Z", None),
            ("19é0-01-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), expected, "{text}");
        }
    }

    #[test]
    fn the_calendar_has_no_end() {
        for (seconds, offset, year, in_year) in [
            (0, 0, 1970, 1),
            (-1, 0, 1969, 365),
            (253_402_300_799, 0, 9999, 365),
            (253_402_300_799, 3600, 10000, 1),
            (-62_135_596_800, -3600, 0, 366),
            (i64::MAX, 0, 292_277_026_596, 339),
            (i64::MIN, 0, -292_277_022_657, 27),
        ] {
            let time = CalendarTime::new(seconds, 0, offset);
            assert_eq!(
                (time.year, time.in_cycle.day_of_year()),
                (year, in_year),
                "{seconds}"
            );
        }
    }
}
