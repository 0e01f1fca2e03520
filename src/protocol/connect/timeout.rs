//! The time that a Connect client gives a call: `connect-timeout-ms`.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

use crate::excerpt::excerpt;

pub(in crate::protocol) const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");

/// Reads the time limit: at most ten digits.
pub(in crate::protocol) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(TIMEOUT) else {
        return Ok(None);
    };
    match parse(value.as_bytes()) {
        Some(timeout) => Ok(Some(timeout)),
        None => Err(Status::invalid_argument(format!(
            "malformed connect-timeout-ms {:?}; expected milliseconds, at most 10 digits",
            excerpt(&String::from_utf8_lossy(value.as_bytes()))
        ))),
    }
}

/// Writes the time limit, the last millisecond begun counted whole.
pub(in crate::protocol) fn write_timeout(timeout: Duration) -> HeaderValue {
    let millis = timeout.as_nanos().div_ceil(1_000_000).min(9_999_999_999);
    HeaderValue::try_from(millis.to_string()).expect("digits")
}

fn parse(digits: &[u8]) -> Option<Duration> {
    if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let millis = digits
        .iter()
        .fold(0, |millis, digit| millis * 10 + u64::from(digit - b'0'));
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_milliseconds_and_never_as_none() {
        for (timeout, written) in [
            (Duration::ZERO, "0"),
            (Duration::from_nanos(1), "1"),
            (Duration::from_secs(2), "2000"),
            (Duration::MAX, "9999999999"),
        ] {
            assert_eq!(write_timeout(timeout), written);
        }
    }

    #[test]
    fn milliseconds_are_read_and_nothing_else() {
        assert_eq!(parse(b"0"), Some(Duration::ZERO));
        assert_eq!(parse(b"9999999999"), Some(Duration::from_millis(9_999_999_999)));
        for text in ["", "12345678901", "1s", "-1", "1.5", " 1"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
