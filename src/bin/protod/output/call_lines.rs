//! The lines of calls, as text and as JSON. They are what tracing would write, for a third of the cost, which is most of what a
//! line for each call costs.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::Write as _;

use itoa::Buffer;
use protod::{CallField, CallLine};

use super::log_fields::push_value;
use super::log_time::write_time;
use super::stderr::Stderr;

/// A buffer that grew beyond this is not kept for the next line, in bytes.
const MOST_KEPT: usize = 4096;

thread_local! {
    /// The buffer of the last line of this thread, for the next one.
    static BUFFER: Cell<String> = const { Cell::new(String::new()) };
}

/// Logs a call as text.
pub(crate) fn write_text(line: &CallLine<'_>) {
    with_buffer(|text| {
        // A string takes all.
        let _ = write_time(line.time(), text);
        text.push_str("  INFO ");
        text.push_str(line.message());
        for (name, value) in line.fields() {
            text.push(' ');
            text.push_str(name);
            text.push('=');
            match value {
                CallField::Text(value) => push_value(text, value),
                CallField::Number(number) => text.push_str(Buffer::new().format(number)),
                CallField::Id(id) => drop(write!(text, "{id}")),
                _ => {}
            }
        }
    });
}

/// Logs a call as an object of JSON.
pub(crate) fn write_json(line: &CallLine<'_>) {
    with_buffer(|text| {
        text.push_str(r#"{"timestamp":""#);
        let _ = write_time(line.time(), text);
        text.push_str(r#"","level":"INFO","message":"#);
        push_json(text, line.message());
        for (name, value) in line.fields() {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":");
            match value {
                CallField::Text(value) => push_json(text, value),
                CallField::Number(number) => text.push_str(Buffer::new().format(number)),
                CallField::Id(id) => drop(write!(text, "\"{id}\"")),
                _ => text.push_str("null"),
            }
        }
        text.push('}');
    });
}

/// Writes a text as JSON has it. Most have nothing that is escaped.
fn push_json(text: &mut String, value: &str) {
    let is_escaped = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
    if value.bytes().any(is_escaped) {
        let _ = write!(text, "{}", serde_json::Value::from(value));
    } else {
        text.push('"');
        text.push_str(value);
        text.push('"');
    }
}

/// Has a line written into a buffer, and the buffer to stderr.
fn with_buffer(write: impl FnOnce(&mut String)) {
    // It is taken, and not borrowed: what a field shows may log.
    let mut text = BUFFER.take();
    write(&mut text);
    text.push('\n');
    // Stderr is a queue, which does not fail.
    let _ = Stderr.write_all(text.as_bytes());
    text.clear();
    text.shrink_to(MOST_KEPT);
    BUFFER.set(text);
}
