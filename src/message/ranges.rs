//! Which timestamps and durations there are, as their protos define them.

const NANOS: u32 = 1_000_000_000;

/// Ten thousand years.
const MOST_SECONDS: u64 = 315_576_000_000;

/// Whether a `google.protobuf.Timestamp` lies in the years 1 to 9999.
pub(crate) fn is_timestamp(seconds: i64, nanos: i32) -> bool {
    (-62_135_596_800..=253_402_300_799).contains(&seconds)
        && u32::try_from(nanos).is_ok_and(|nanos| nanos < NANOS)
}

/// Whether a `google.protobuf.Duration` is shorter than ten thousand years, and of one sign.
pub(crate) fn is_duration(seconds: i64, nanos: i32) -> bool {
    let one_sign = seconds.signum() * i64::from(nanos.signum()) >= 0;
    seconds.unsigned_abs() <= MOST_SECONDS && nanos.unsigned_abs() < NANOS && one_sign
}
