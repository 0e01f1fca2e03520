//! A token of a text with its text: [`Piece`].

use crate::schema::source::TokenKind;

/// A token with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    pub(super) kind: TokenKind,
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl Piece<'_> {
    pub(super) fn is_word(&self) -> bool {
        self.kind == TokenKind::Word
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// The text in its quotes.
    pub(super) fn unquoted(&self) -> &str {
        self.text.trim_matches(['"', '\''])
    }

    /// Where it ends in its text.
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}
