//! Where in the JSON an error is: the path of the field, the line and the column.
//!
//! The path is made when there is an error, by those whom it passes on its way out.

use std::fmt::Write as _;

use serde::de::Error;

use super::writer::{Step, Writer};
use crate::excerpt::excerpt;
use crate::message::error::MessageError;

impl Writer<'_> {
    /// The whole error.
    pub(super) fn error(&self, error: serde_json::Error) -> MessageError {
        match self.over {
            Some(over) => over.into(),
            None => MessageError::json_at(excerpt(&self.path_text()).into_owned(), error),
        }
    }

    fn path_text(&self) -> String {
        let mut text = String::new();
        for step in self.path.iter().rev() {
            let written = match step {
                Step::Field(name) if text.is_empty() => write!(text, "{name}"),
                Step::Field(name) => write!(text, ".{name}"),
                Step::Index(index) => write!(text, "[{index}]"),
                Step::Key(key) => write!(text, "[{key:?}]"),
            };
            written.expect("a String takes all text");
        }
        text
    }

    /// Makes the place of an error in a text that begins at that byte of the whole one that of the whole one.
    pub(super) fn placed<E: Error>(&mut self, error: &serde_json::Error, start: usize) -> E {
        if std::mem::replace(&mut self.is_placed, true) || error.line() == 0 {
            return E::custom(error);
        }
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = text.strip_suffix(&place).unwrap_or(&text);
        let before = &self.json[..start];
        let lines = before.split(|byte| *byte == b'\n').count() - 1;
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let column = match error.line() {
            1 => error.column() + start - line_start,
            _ => error.column(),
        };
        // serde_json takes the place out of such a text again.
        E::custom(format_args!(
            "{what} at line {} column {column}",
            error.line() + lines
        ))
    }
}
