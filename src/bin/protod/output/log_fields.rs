//! The fields of a line of the text log.
//!
//! What a client sends gets into the log: by a rule's `log`, in an error, in a name. An event stays one line whatever is in
//! it, and nothing in it can pass for another field: control characters are escaped, and values with blanks are quoted. Only
//! a panic's backtrace comes in lines of its own, which are indented.

use std::fmt::{self, Debug, Write};

use itoa::Buffer;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// The field that comes first, without its name.
const MESSAGE: &str = "message";

/// The field whose value is written in lines.
const BACKTRACE: &str = "backtrace";

/// The field whose value is a sentence of protod's own. It is the last one.
const HINT: &str = "hint";

/// How long the fields of a line of a call are.
const USUAL: usize = 256;

/// Writes the message, and then `name=value` for each other field.
#[derive(Debug)]
pub(crate) struct LogFields;

impl<'w> FormatFields<'w> for LogFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line {
            text: String::with_capacity(USUAL),
            has_ansi_escapes: writer.has_ansi_escapes(),
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result?;
        writer.write_str(&line.text)
    }
}

/// The fields that were written. Each value is written once, in its place, and only what needs it is written again.
struct Line {
    text: String,
    has_ansi_escapes: bool,
    result: fmt::Result,
}

impl Line {
    /// Writes what stands before a value. Returns where that begins; `None` if the field is left out.
    #[inline]
    fn begin(&mut self, name: &str) -> Option<usize> {
        // Of records of the `log` crate, what the line says anyway.
        if name.starts_with("log.") {
            return None;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        if name != MESSAGE {
            let name = name.strip_prefix("r#").unwrap_or(name);
            if self.has_ansi_escapes {
                self.text.extend(["\x1b[3m", name, "\x1b[0m\x1b[2m=\x1b[0m"]);
            } else {
                self.text.push_str(name);
                self.text.push('=');
            }
        }
        Some(self.text.len())
    }

    /// Writes a value as it is, but for what breaks lines.
    fn write(&mut self, value: fmt::Arguments<'_>) {
        let start = self.text.len();
        self.result = self.result.and(self.text.write_fmt(value));
        escape_breaks(&mut self.text, start);
    }

    fn digits(&mut self, field: &Field, digits: &str) {
        if self.begin(field.name()).is_some() {
            self.text.push_str(digits);
        }
    }

    fn lines(&mut self, text: &str) {
        for line in text.lines() {
            self.text.push_str("\n    ");
            self.write(format_args!("{line}"));
        }
    }
}

impl Visit for Line {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.digits(field, Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.digits(field, Buffer::new().format(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name();
        if self.begin(name).is_none() {
            return;
        }
        if matches!(name, MESSAGE | HINT) && !is_plain(value) {
            self.write(format_args!("{value}"));
        } else {
            push_value(&mut self.text, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = field.name();
        if name == BACKTRACE {
            return self.lines(&format!("{value:?}"));
        }
        let Some(start) = self.begin(name) else { return };
        if matches!(name, MESSAGE | HINT) {
            return self.write(format_args!("{value:?}"));
        }
        self.result = self.result.and(write!(self.text, "{value:?}"));
        if !is_plain(&self.text[start..]) {
            let text = self.text.split_off(start);
            self.write(format_args!("{text:?}"));
        }
    }
}

/// Writes a value, with quotes if it is read as one only with them.
pub(super) fn push_value(text: &mut String, value: &str) {
    if is_plain(value) {
        text.push_str(value);
    } else {
        let start = text.len();
        // A string takes all.
        let _ = write!(text, "{value:?}");
        escape_breaks(text, start);
    }
}

/// Whether a value is read as one without quotes.
fn is_plain(text: &str) -> bool {
    let is_plain = |character: char| {
        if character.is_ascii() {
            SIMPLE[character as usize]
        } else {
            !character.is_whitespace() && !breaks_line(character)
        }
    };
    !text.is_empty() && (is_simple(text.as_bytes()) || text.chars().all(is_plain))
}

/// Whether all bytes are ASCII that needs no quotes. Where they fill a register, it looks at as many at once, and twice at some.
fn is_simple(text: &[u8]) -> bool {
    let has_other = |bytes: &[u8; 16]| any_byte(bytes, |byte| !is_simple_byte(byte));
    match text.last_chunk() {
        Some(last) => !text.as_chunks().0.iter().any(has_other) && !has_other(last),
        None => text.iter().all(|byte| SIMPLE[usize::from(*byte)]),
    }
}

/// [`is_simple_byte`] of each byte.
const SIMPLE: [bool; 256] = {
    let mut simple = [false; 256];
    let mut byte = 0;
    while byte < simple.len() {
        simple[byte] = is_simple_byte(byte as u8);
        byte += 1;
    }
    simple
};

const fn is_simple_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'<' | b'>'..=b'~')
}

/// Whether something holds for any byte. It looks at all of them, and so at many at a time.
#[inline]
fn any_byte(bytes: &[u8], holds: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |any, &byte| any | holds(byte))
}

/// Whether a character may begin a line, or do something else to a terminal than to be seen.
fn breaks_line(character: char) -> bool {
    character != '\t' && character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Writes what breaks lines as escapes, from a place in a text on.
fn escape_breaks(text: &mut String, start: usize) {
    if !any_byte(&text.as_bytes()[start..], |byte| !(b' '..=b'~').contains(&byte)) {
        return;
    }
    for character in text.split_off(start).chars() {
        if breaks_line(character) {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{escape_breaks, is_plain};

    #[test]
    fn what_breaks_lines_is_escaped_and_nothing_else() {
        for (text, written) in [
            ("", ""),
            ("é 好\ta \\ \"b\"", "é 好\ta \\ \"b\""),
            ("a\nb\r\n", r"a\nb\r\n"),
            ("\0\x1b[31m\x7f", r"\u{0}\u{1b}[31m\u{7f}"),
            ("\u{85}\u{9b}\u{2028}\u{2029}", r"\u{85}\u{9b}\u{2028}\u{2029}"),
        ] {
            let mut line = format!("\n{text}");
            escape_breaks(&mut line, 1);
            assert_eq!(line, format!("\n{written}"));
        }
    }

    #[test]
    fn a_value_with_blanks_quotes_or_breaks_is_not_plain() {
        assert!(
            ["127.0.0.1:80", "p.S/Unary", "1.5ms", "größe"]
                .into_iter()
                .all(is_plain)
        );
        let others = ["", "two words", "a\"b", "a=b", "a\nb", "a\u{2028}b", "a\tb"];
        assert!(!others.into_iter().any(is_plain));
    }
}
