//! The fields of a line of the text log.
//!
//! What a client sends gets into the log: by a rule's `log`, in an error, in a name. An event stays one line whatever is in
//! it, and nothing in it can pass for another field: control characters are escaped, and values with blanks are quoted. Only
//! a panic's backtrace comes in lines of its own, which are indented.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// The field whose value is written in lines.
const BACKTRACE: &str = "backtrace";

/// The field whose value is a sentence of protod's own. It is the last one.
const HINT: &str = "hint";

/// Writes the message, and then `name=value` for each other field.
#[derive(Debug)]
pub(crate) struct LogFields;

impl<'w> FormatFields<'w> for LogFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line {
            writer,
            is_empty: true,
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result
    }
}

struct Line<'w> {
    writer: Writer<'w>,
    is_empty: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn field(&mut self, field: &Field, value: fmt::Arguments<'_>) -> fmt::Result {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.writer.write_char(' ')?;
        }
        match field.name() {
            "message" => write!(Escaped(&mut self.writer), "{value}"),
            name => {
                let name = name.strip_prefix("r#").unwrap_or(name);
                if self.writer.has_ansi_escapes() {
                    write!(self.writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?;
                } else {
                    write!(self.writer, "{name}=")?;
                }
                write!(Escaped(&mut self.writer), "{value}")
            }
        }
    }

    fn lines(&mut self, text: &str) -> fmt::Result {
        for line in text.lines() {
            self.writer.write_str("\n    ")?;
            write!(Escaped(&mut self.writer), "{line}")?;
        }
        Ok(())
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else if self.result.is_ok() {
            self.result = self.field(field, format_args!("{value:?}"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Of records of the `log` crate, what the line says anyway.
        if self.result.is_err() || field.name().starts_with("log.") {
            return;
        }
        self.result = if field.name() == "message" {
            self.field(field, format_args!("{value:?}"))
        } else {
            let text = format!("{value:?}");
            match field.name() {
                BACKTRACE => self.lines(&text),
                HINT => self.field(field, format_args!("{text}")),
                _ if is_plain(&text) => self.field(field, format_args!("{text}")),
                _ => self.field(field, format_args!("{text:?}")),
            }
        };
    }
}

/// Whether a value is read as one without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || breaks_line(c) || matches!(c, '"' | '='))
}

/// Whether a character may begin a line, or do something else to a terminal than to be seen.
fn breaks_line(character: char) -> bool {
    character != '\t' && character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Writes what breaks lines as escapes.
struct Escaped<'l, W>(&'l mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(breaks_line) {
            let (before, after) = rest.split_at(at);
            self.0.write_str(before)?;
            let mut characters = after.chars();
            if let Some(character) = characters.next() {
                write!(self.0, "{}", character.escape_default())?;
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{Escaped, is_plain};

    #[test]
    fn what_breaks_lines_is_escaped_and_nothing_else() {
        for (text, written) in [
            ("", ""),
            ("é 好\ta \\ \"b\"", "é 好\ta \\ \"b\""),
            ("a\nb\r\n", r"a\nb\r\n"),
            ("\0\x1b[31m\x7f", r"\u{0}\u{1b}[31m\u{7f}"),
            ("\u{85}\u{9b}\u{2028}\u{2029}", r"\u{85}\u{9b}\u{2028}\u{2029}"),
        ] {
            let mut line = String::new();
            write!(Escaped(&mut line), "{text}").expect("a String takes all");
            assert_eq!(line, written);
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
