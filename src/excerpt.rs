//! Text that a client decides, shortened where it is quoted, sent back or logged.
//!
//! It is cut before it is copied, so that quoting a long text again and again costs no more than quoting a short one.

use std::borrow::Cow;

/// How many characters are quoted. A status is sent in a header, and many clients take only a few KiB of headers.
const LONGEST: usize = 300;

/// The text, or its beginning followed by an ellipsis.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The text up to this byte, with a mark that says how much was cut.
pub(crate) fn cut_at(text: &str, end: usize) -> String {
    format!("{}… (cut: {} bytes)", &text[..end], text.len() - end)
}

/// The text, or what of it fits into so many bytes, with a mark that says how much was cut.
pub(crate) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    cut_at(text, text.floor_char_boundary(most)).into()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, excerpt};

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let (long, longest) = ("é".repeat(LONGEST + 1), "é".repeat(LONGEST));
        assert_eq!(excerpt(&longest), longest);
        assert_eq!(excerpt(&long), format!("{longest}…"));
    }
}
