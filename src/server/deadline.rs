//! How long a call may take: the client's `grpc-timeout`, and the server's limits.

use std::time::Duration;

use http::HeaderValue;
use tonic::Status;

use crate::excerpt::excerpt;

/// The server's limits on its clients' deadlines.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DeadlinePolicy {
    /// The time of a call whose client sets no deadline.
    pub(super) default: Option<Duration>,
    /// The most time that any call gets.
    pub(super) max: Option<Duration>,
}

impl DeadlinePolicy {
    /// How long a call may take, if its client gave it `asked`. `None` is no limit.
    pub(super) fn time_for(self, asked: Option<Duration>) -> Option<Duration> {
        let time = asked.or(self.default);
        // Not `Option::min`, which takes `None` for the smallest; here it is no limit.
        match (time, self.max) {
            (Some(time), Some(max)) => Some(time.min(max)),
            (time, max) => time.or(max),
        }
    }
}

/// Reads a `grpc-timeout`: at most eight digits and a unit, as in `1500m`.
pub(super) fn parse_timeout(value: &HeaderValue) -> Result<Duration, Status> {
    parse(value.as_bytes()).ok_or_else(|| {
        Status::invalid_argument(format!(
            "malformed grpc-timeout {:?}; expected at most 8 digits and one of H M S m u n",
            excerpt(&String::from_utf8_lossy(value.as_bytes()))
        ))
    })
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
    fn longer_deadlines_are_cut_and_missing_ones_filled_in() {
        let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        for (default, max, asked, expected) in [
            (None, None, None, None),
            (None, None, Some(9), Some(9)),
            (Some(2), None, None, Some(2)),
            (Some(2), None, Some(9), Some(9)),
            (None, Some(5), None, Some(5)),
            (None, Some(5), Some(9), Some(5)),
            (None, Some(5), Some(1), Some(1)),
            (Some(2), Some(5), None, Some(2)),
            (Some(8), Some(5), None, Some(5)),
        ] {
            let policy = DeadlinePolicy {
                default: seconds(default),
                max: seconds(max),
            };
            let time = policy.time_for(seconds(asked));
            assert_eq!(time, seconds(expected), "{policy:?}, {asked:?}");
        }
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for text in ["", "1", "S", "123456789S", "1s", "-1S", "1.5S", " 1S"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
