//! Timestamps and durations in texts.
//!
//! prost-types reads more than ProtoJSON has, as lower-case letters, times without seconds, leap seconds and picoseconds, so the
//! form is told first. What a `Timestamp` or `Duration` cannot hold is refused, as by protobuf's Go: nothing is cut off.

use std::ops::Range;

use prost_types::{Duration, Timestamp};

use crate::message::ranges::{is_duration, is_timestamp};

/// What is expected, for who has given something else.
pub(super) const A_TIMESTAMP: &str = "a timestamp of the years 1 to 9999 as in \"2026-11-29T12:00:00Z\"";
pub(super) const A_DURATION: &str = "a duration in seconds as in \"1.5s\"";

/// Seconds and nanoseconds of RFC 3339 with any offset.
pub(super) fn timestamp(text: &str) -> Option<(i64, i32)> {
    if !is_rfc3339(text) {
        return None;
    }
    let Timestamp { seconds, nanos } = text.parse().ok()?;
    is_timestamp(seconds, nanos).then_some((seconds, nanos))
}

/// Seconds and nanoseconds of seconds with a fraction.
pub(super) fn duration(text: &str) -> Option<(i64, i32)> {
    if let Some((_, fraction)) = text.split_once('.') {
        strip_fraction(fraction.as_bytes())?;
    }
    let Duration { seconds, nanos } = text.parse().ok()?;
    is_duration(seconds, nanos).then_some((seconds, nanos))
}

/// Whether a text looks like `2026-11-29T12:00:00.5+01:00`, with capital letters.
fn is_rfc3339(text: &str) -> bool {
    let Some(rest) = strip(text.as_bytes(), b"0000-00-00T00:00:00") else {
        return false;
    };
    let rest = match rest {
        [b'.', fraction @ ..] => match strip_fraction(fraction) {
            Some(rest) => rest,
            None => return false,
        },
        rest => rest,
    };
    // A leap second has no number of its own.
    if &text.as_bytes()[SECOND] == b"60" {
        return false;
    }
    match rest {
        [b'Z'] => true,
        [b'+' | b'-', offset @ ..] => strip(offset, b"00:00").is_some_and(<[u8]>::is_empty),
        _ => false,
    }
}

/// Where the second is in a time.
const SECOND: Range<usize> = 17..19;

/// What comes after the digits of a fraction, which are nanoseconds at the most.
fn strip_fraction(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=9).contains(&digits).then(|| &text[digits..])
}

/// What comes after a text of that form, in which a zero stands for any digit.
fn strip<'t>(text: &'t [u8], form: &[u8]) -> Option<&'t [u8]> {
    let (begin, rest) = text.split_at_checked(form.len())?;
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == form,
    };
    begin.iter().zip(form).all(fits).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{duration, timestamp};

    #[test]
    fn times_have_the_form_that_protojson_gives_them() {
        assert_eq!(timestamp("1970-01-01T00:00:01.5Z"), Some((1, 500_000_000)));
        assert_eq!(timestamp("1970-01-01T01:00:00+01:00"), Some((0, 0)));
        assert_eq!(
            timestamp("1970-01-01T00:00:00.123456789-00:01"),
            Some((60, 123_456_789))
        );
        for text in [
            "1970-01-01t00:00:01Z",
            "1970-01-01T00:00:01z",
            "1970-01-01T00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00+0100",
            "1970-01-01T00:00:00Z ",
            "0000-01-01T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1972-06-30T23:59:60Z",
            "1972-06-30T23:59:60.5+01:00",
            "1970-01-01T00:00:00.1234567890Z",
            "",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        assert_eq!(duration("-1.5s"), Some((-1, -500_000_000)));
        assert_eq!(duration("0.000000001s"), Some((0, 1)));
        for text in [
            "1",
            "1m",
            "1.s",
            "1.5",
            "0.0000000001s",
            "1.0000000000s",
            "1.2.3s",
            "1e3s",
            "315576000001s",
            "",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
