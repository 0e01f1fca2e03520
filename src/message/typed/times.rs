//! Timestamps and durations as text, as ProtoJSON has them.

use prost_types::{Duration, Timestamp};

use super::error::TypedError;
use crate::message::ranges::{is_duration, is_timestamp};

fn out_of_range(name: &str) -> TypedError {
    TypedError::new(format!("the {name} is out of range"))
}

/// RFC 3339 in UTC, as `2026-11-28T18:19:28.500Z`.
pub(super) fn timestamp_text(seconds: i64, nanos: i32) -> Result<String, TypedError> {
    if !is_timestamp(seconds, nanos) {
        return Err(out_of_range("timestamp"));
    }
    Ok(Timestamp { seconds, nanos }.to_string())
}

/// Reads RFC 3339 with any offset.
pub(super) fn parse_timestamp(text: &str) -> Result<(i64, i32), TypedError> {
    let timestamp: Timestamp = text
        .parse()
        .map_err(|_| TypedError::new(format!("`{text}` is not a timestamp, as 2026-11-28T18:19:28Z is")))?;
    timestamp_text(timestamp.seconds, timestamp.nanos)?;
    Ok((timestamp.seconds, timestamp.nanos))
}

/// Seconds with a fraction, as `1.500s`.
pub(super) fn duration_text(seconds: i64, nanos: i32) -> Result<String, TypedError> {
    if !is_duration(seconds, nanos) {
        return Err(out_of_range("duration"));
    }
    Ok(Duration { seconds, nanos }.to_string())
}

/// Reads seconds with a fraction.
pub(super) fn parse_duration(text: &str) -> Result<(i64, i32), TypedError> {
    let duration: Duration = text
        .parse()
        .map_err(|_| TypedError::new(format!("`{text}` is not a duration, as 1.5s is")))?;
    duration_text(duration.seconds, duration.nanos)?;
    Ok((duration.seconds, duration.nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_round_trip_as_text_within_their_range() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1, 500_000_000, "1970-01-01T00:00:01.500Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(timestamp_text(seconds, nanos).unwrap(), text);
            assert_eq!(parse_timestamp(text).unwrap(), (seconds, nanos));
        }
        assert_eq!(parse_timestamp("1970-01-01T01:00:00+01:00").unwrap(), (0, 0));
        assert!(timestamp_text(253_402_300_800, 0).is_err() && timestamp_text(0, -1).is_err());
        assert!(parse_timestamp("yesterday").is_err());

        for (seconds, nanos, text) in [(0, 0, "0s"), (1, 500_000_000, "1.500s"), (0, -1, "-0.000000001s")] {
            assert_eq!(duration_text(seconds, nanos).unwrap(), text);
            assert_eq!(parse_duration(text).unwrap(), (seconds, nanos));
        }
        assert!(duration_text(1, -1).is_err() && duration_text(315_576_000_001, 0).is_err());
        assert!(parse_duration("1 second").is_err());
    }
}
