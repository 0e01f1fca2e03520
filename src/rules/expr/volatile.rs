//! What is another on each evaluation: the time, random numbers, random ids.
//!
//! The generator is that of the thread. A seed given by the user will make it one of each call: this is the only
//! place that has to change.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds and nanoseconds since 1970.
pub(super) fn now() -> (i64, i32) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs().cast_signed(), since.subsec_nanos().cast_signed())
}

/// A number from 0 to 1, with 1 left out.
pub(super) fn random() -> f64 {
    fastrand::f64()
}

/// A random UUID (version 4, RFC 9562).
pub(super) fn uuid() -> String {
    let bits = fastrand::u128(..);
    let bits = bits & !(0xf << 76) | 0x4 << 76;
    let bits = bits & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
