//! The ranges of timestamps and durations, and durations as nanoseconds.

use super::value::Value;
use crate::message::is_timestamp;

/// A duration in nanoseconds.
pub(in crate::cel) fn total_nanos(seconds: i64, nanos: i32) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanos)
}

/// Whether a calculation may give a duration of so many nanoseconds: they fit in 64 bits, about 292 years.
pub(in crate::cel) fn in_duration_range(nanos: i128) -> bool {
    i64::try_from(nanos).is_ok()
}

/// Whether a timestamp lies between the years 1 and 9999.
pub(in crate::cel) fn in_timestamp_range(seconds: i64) -> bool {
    is_timestamp(seconds, 0)
}

/// A duration of so many nanoseconds, within the range of durations.
pub(in crate::cel) fn duration_of<'e>(nanos: i128) -> Value<'e> {
    Value::Duration {
        seconds: (nanos / 1_000_000_000) as i64,
        nanos: (nanos % 1_000_000_000) as i32,
    }
}
