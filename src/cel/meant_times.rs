//! Times and durations that are written in another way than CEL and protobuf write them: what they were meant to be.
//!
//! A text is taken for a time only if it is one once its form is mended: what it says is not guessed.

use super::values::{in_timestamp_range, parse_rfc3339};
use crate::duration::parse_nanoseconds;

/// Words for units, the longer ones first, and the units.
const UNITS: [(&str, &str); 16] = [
    ("microseconds", "us"),
    ("nanoseconds", "ns"),
    ("milliseconds", "ms"),
    ("millisecond", "ms"),
    ("millis", "ms"),
    ("msec", "ms"),
    ("seconds", "s"),
    ("second", "s"),
    ("secs", "s"),
    ("sec", "s"),
    ("minutes", "m"),
    ("minute", "m"),
    ("mins", "m"),
    ("min", "m"),
    ("hours", "h"),
    ("hour", "h"),
];

/// Units that are longer than those of durations, in hours.
const LONG_UNITS: [(&str, u64); 6] = [
    ("days", 24),
    ("day", 24),
    ("d", 24),
    ("weeks", 168),
    ("week", 168),
    ("w", 168),
];

/// A duration whose units are words, have blanks before them or are longer than hours, as `duration()` takes it.
pub(crate) fn meant_duration(text: &str) -> Option<String> {
    let mut plain = text.trim().to_lowercase().replace(' ', "");
    for (word, unit) in UNITS {
        plain = plain.replace(word, unit);
    }
    // ISO 8601 has them as `PT1M30S`, and days as `P1D`.
    let iso = plain.strip_prefix("pt").or_else(|| plain.strip_prefix('p'));
    let plain = iso.map(str::to_owned).unwrap_or(plain);
    for (unit, hours) in LONG_UNITS {
        if let Some(number) = plain.strip_suffix(unit) {
            return number
                .parse::<u32>()
                .ok()
                .map(|number| format!("{}h", u64::from(number) * hours));
        }
    }
    parse_nanoseconds(&plain).map(|_| plain)
}

/// A timestamp without its `T`, its time or its zone, with slashes in its date, or with the day before the month where only
/// that makes a date, as `timestamp()` takes it.
pub(crate) fn meant_timestamp(text: &str) -> Option<String> {
    let text = text.trim().replacen([' ', 't'], "T", 1);
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let date = date.replace(['/', '.'], "-");
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let dates = [
        format!("{year}-{month:0>2}-{day:0>2}"),
        format!("{year}-{day:0>2}-{month:0>2}"),
    ];
    let times = [
        time.to_owned(),
        format!("{time}Z"),
        format!("{time}:00Z"),
        "00:00:00Z".to_owned(),
    ];
    let times = &times[if time.is_empty() { 3 } else { 0 }..if time.is_empty() { 4 } else { 3 }];
    let candidates = dates
        .iter()
        .flat_map(|date| times.iter().map(move |time| format!("{date}T{time}")));
    let is_time = |text: &String| parse_rfc3339(text).is_some_and(|(seconds, _)| in_timestamp_range(seconds));
    candidates.into_iter().find(is_time)
}

#[cfg(test)]
mod tests {
    use super::{meant_duration, meant_timestamp};

    #[test]
    fn forms_of_times_are_mended_and_times_are_not_guessed() {
        for (text, meant) in [
            ("2026-12-01", Some("2026-12-01T00:00:00Z")),
            ("2026-12-01 10:00:00", Some("2026-12-01T10:00:00Z")),
            ("2026-12-01T10:00", Some("2026-12-01T10:00:00Z")),
            ("2026/1/2", Some("2026-01-02T00:00:00Z")),
            ("2026-13-01", Some("2026-01-13T00:00:00Z")),
            ("2026-02-30", None),
            ("2026-02-03T25:00:00Z", None),
            ("01/12/2026", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(meant_timestamp(text).as_deref(), meant, "{text}");
        }
        for (text, meant) in [
            ("1d", Some("24h")),
            ("2 weeks", Some("336h")),
            ("1 hour", Some("1h")),
            ("PT1H30M", Some("1h30m")),
            ("P1D", Some("24h")),
            ("5", None),
            ("soon", None),
        ] {
            assert_eq!(meant_duration(text).as_deref(), meant, "{text}");
        }
    }
}
