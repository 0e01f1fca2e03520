//! What is said of text that is not YAML: where, what is wrong, and what to do, which is most often to put it in quotes.

use std::ops::Range;

/// Why a text is not YAML.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Trouble {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }
}

/// The longest value that a hint repeats, in characters.
const MAX_QUOTED: usize = 60;

/// What to do with a value that has to be in quotes.
pub(super) fn in_quotes(value: &str) -> String {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > MAX_QUOTED {
        return "put the whole value in quotes".to_owned();
    }
    let quoted = match (value.contains(['"', '\\']), value.contains('\'')) {
        (false, _) => format!("\"{value}\""),
        (true, false) => format!("'{value}'"),
        (true, true) => format!("'{}'", value.replace('\'', "''")),
    };
    format!("put it in quotes: `{quoted}`")
}
