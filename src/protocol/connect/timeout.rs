//! The time that a Connect client gives a call: `connect-timeout-ms`.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use tonic::Status;

use crate::excerpt::excerpt;

const CONNECT_TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");

/// Reads the time limit: at most ten digits.
pub(in crate::protocol) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(CONNECT_TIMEOUT) else {
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
    fn milliseconds_are_read_and_nothing_else() {
        assert_eq!(parse(b"0"), Some(Duration::ZERO));
        assert_eq!(parse(b"9999999999"), Some(Duration::from_millis(9_999_999_999)));
        for text in ["", "12345678901", "1s", "-1", "1.5", " 1"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
