//! The time of a line of the log, as text and as JSON: RFC 3339, in UTC, with microseconds.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use itoa::Buffer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Writes the time at which a line is written. It costs a small part of what tracing's own does, which matters in a line for
/// each call.
#[derive(Debug)]
pub(crate) struct LogTime;

thread_local! {
    /// The second of the last line, which most lines share with the one before, and its text up to its fractions.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// A million, whose digits after the first are those of no microseconds.
const MILLION: u32 = 1_000_000;

/// Writes a time.
pub(super) fn write_time(time: SystemTime, writer: &mut dyn fmt::Write) -> fmt::Result {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(last, text)| {
        if *last != since.as_secs() {
            text.clear();
            let second = SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs());
            write!(text, "{}", humantime::format_rfc3339_seconds(second))?;
            // The last byte is the `Z`.
            text.pop();
            text.push('.');
            *last = since.as_secs();
        }
        writer.write_str(text)
    })?;
    writer.write_str(&Buffer::new().format(MILLION + since.subsec_micros())[1..])?;
    writer.write_char('Z')
}

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_time(SystemTime::now(), f)
    }
}

impl FormatTime for LogTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write_time(SystemTime::now(), writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_microseconds_whatever_second_the_line_before_was_written_in() {
        for nanos in [
            0,
            1_000,
            999_999_999,
            1_000_000_000,
            1_000_001_999,
            951_825_599_120_000_000,
            0,
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
            let mut written = String::new();
            write_time(time, &mut written).expect("a text takes it");
            assert_eq!(written, humantime::format_rfc3339_micros(time).to_string());
        }
    }
}
