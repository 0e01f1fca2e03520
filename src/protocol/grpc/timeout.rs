//! The time that a gRPC client gives a call: `grpc-timeout`.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tonic::Status;

use crate::excerpt::excerpt;

pub(in crate::protocol) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Reads a `grpc-timeout`: at most eight digits and a unit, as in `1500m`.
pub(in crate::protocol) fn parse_timeout(value: &HeaderValue) -> Result<Duration, Status> {
    parse(value.as_bytes()).ok_or_else(|| {
        Status::invalid_argument(format!(
            "malformed grpc-timeout {:?}; expected at most 8 digits and one of H M S m u n",
            excerpt(&String::from_utf8_lossy(value.as_bytes()))
        ))
    })
}

/// Writes a `grpc-timeout`, in the smallest unit whose digits fit. What is left over counts as one more, so that a time is
/// never none.
pub(in crate::protocol) fn write_timeout(timeout: Duration) -> HeaderValue {
    const UNITS: [(u128, char); 6] = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    const MOST: u128 = 99_999_999;
    let nanos = timeout.as_nanos();
    let amounts = UNITS.map(|(unit, letter)| (nanos.div_ceil(unit), letter));
    let fits = amounts.into_iter().find(|(amount, _)| *amount <= MOST);
    let (amount, letter) = fits.unwrap_or((MOST, 'H'));
    HeaderValue::try_from(format!("{amount}{letter}")).expect("digits and a letter")
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits
        .iter()
        .fold(0, |amount, digit| amount * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_hours(amount),
        b'M' => Duration::from_mins(amount),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read() {
        let table = [
            ("1H", Duration::from_hours(1)),
            ("2M", Duration::from_mins(2)),
            ("3S", Duration::from_secs(3)),
            ("99999999m", Duration::from_millis(99_999_999)),
            ("5u", Duration::from_micros(5)),
            ("0n", Duration::ZERO),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_smallest_unit_that_fits_is_written() {
        for (timeout, written) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_millis(1500), "1500000u"),
            (Duration::from_nanos(100_000_001), "100001u"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::from_hours(99_999_999), "99999999H"),
            (Duration::MAX, "99999999H"),
        ] {
            let value = write_timeout(timeout);
            assert_eq!(value, written);
            let read = parse(value.as_bytes()).expect("a timeout");
            assert!(read >= timeout || written == "99999999H", "{timeout:?}");
        }
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for text in ["", "1", "S", "123456789S", "1s", "-1S", "1.5S", " 1S"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
