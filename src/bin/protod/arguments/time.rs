//! Times as flags take and print them: `500ms`, `10s`, `1m 30s`, and `none` where there may be no limit.
//!
//! A limit of no time at all would end everything at once. So a time is more than zero, unless the flag says that zero
//! has a meaning.

use std::fmt;
use std::time::Duration;

use humantime::{DurationError as Error, format_duration, parse_duration};

/// The longest time: the clock has no more room for much longer ones.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 100);

const TOO_LONG: &str = "it must be at most 100 years";

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

impl Time {
    /// Parses a time that may be zero.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err("a time cannot be negative".to_owned());
        }
        // The library's month is longer than anybody means who writes sizes with it, too.
        if text.contains('M') {
            return Err("`M` is no unit of time: minutes are `m`, as in 5m".to_owned());
        }
        let time = parse_duration(text).map_err(|error| match error {
            Error::NumberOverflow => TOO_LONG.to_owned(),
            _ => format!("`{text}` is no time: a time is a number with a unit, as in 500ms, 10s, 5m or 1h"),
        })?;
        if time > LONGEST {
            return Err(TOO_LONG.to_owned());
        }
        Ok(Self(time))
    }

    /// Parses a time that is more than zero.
    pub(crate) fn parse_positive(text: &str) -> Result<Self, String> {
        match Self::parse(text)? {
            Self(Duration::ZERO) => Err("it must be more than zero".to_owned()),
            time => Ok(time),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_duration(self.0).fmt(f)
    }
}

/// A time, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptionalTime(pub(crate) Option<Duration>);

impl OptionalTime {
    /// Parses `none`, or a time that may be zero.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::parse_by(text, Time::parse)
    }

    /// Parses `none`, or a time that is more than zero.
    pub(crate) fn parse_positive(text: &str) -> Result<Self, String> {
        Self::parse_by(text, |text| {
            let time = Time::parse_positive(text);
            time.map_err(|error| format!("{error}; `none` is no limit"))
        })
    }

    fn parse_by(text: &str, parse: fn(&str) -> Result<Time, String>) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        parse(text).map(|Time(time)| Self(Some(time)))
    }
}

impl fmt::Display for OptionalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => Time(time).fmt(f),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_printed_as_it_is_read() {
        for text in ["none", "0s", "500ms", "10s", "1m", "1m 30s"] {
            let time = OptionalTime::parse(text).expect("a time");
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        for (text, part) in [
            ("nine", "500ms, 10s, 5m or 1h"),
            ("5", "500ms, 10s, 5m or 1h"),
            ("-5s", "negative"),
            ("0s", "more than zero"),
            ("200y", "100 years"),
            ("99999999999999999999s", "100 years"),
            ("1M", "minutes are `m`"),
            ("1h 5 Months", "minutes are `m`"),
            ("unlimited", "`unlimited` is no time"),
        ] {
            let error = OptionalTime::parse_positive(text).expect_err(text);
            assert!(
                error.contains(part) && error.ends_with("`none` is no limit"),
                "{text}: {error}"
            );
            let error = Time::parse_positive(text).expect_err(text);
            assert!(error.contains(part) && !error.contains("none"), "{text}: {error}");
        }
    }
}
