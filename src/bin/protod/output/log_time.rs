//! The time of a line of the log, as text and as JSON: RFC 3339, in UTC, with microseconds.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Writes the time at which a line is written. It costs a small part of what tracing's own does, which matters in a line for
/// each call.
#[derive(Debug)]
pub(crate) struct LogTime;

/// A second, with its text up to the point before its fractions.
type Second = (u64, [u8; "2026-01-01T00:00:00".len()]);

thread_local! {
    /// The second of the last line, which most lines share with the one before.
    static SECOND: Cell<Second> = const { Cell::new((u64::MAX, [0; _])) };
}

/// The text of a second.
fn second(seconds: u64) -> Result<Second, fmt::Error> {
    let mut text = String::new();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    write!(text, "{}", humantime::format_rfc3339_seconds(time))?;
    let text = text.as_bytes().first_chunk().ok_or(fmt::Error)?;
    Ok((seconds, *text))
}

/// Calls `write` with the text of a time.
fn with_text(time: SystemTime, write: impl FnOnce(&str) -> fmt::Result) -> fmt::Result {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut last = SECOND.get();
    if last.0 != since.as_secs() {
        last = second(since.as_secs())?;
        SECOND.set(last);
    }
    let mut text = *b"2026-01-01T00:00:00.000000Z";
    text[..last.1.len()].copy_from_slice(&last.1);
    let mut micros = since.subsec_micros();
    for digit in text[last.1.len() + 1..].iter_mut().rev().skip(1) {
        *digit = b'0' + (micros % 10) as u8;
        micros /= 10;
    }
    write(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_text(SystemTime::now(), |text| f.write_str(text))
    }
}

impl FormatTime for LogTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        with_text(SystemTime::now(), |text| writer.write_str(text))
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
            with_text(time, |text| written.write_str(text)).expect("a text takes it");
            assert_eq!(written, humantime::format_rfc3339_micros(time).to_string());
        }
    }
}
