//! The entries of a map, by what they are ordered.

use super::notes::Range;

/// An entry of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) contents: Range,
}

/// The key of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A number, or a bool as one.
    Signed(i64),
    Unsigned(u64),
    /// Where the text is.
    Text(Range),
}

impl Key {
    /// A number that is ordered as the keys of one map are.
    pub(super) fn number(self) -> i128 {
        match self {
            Self::Signed(number) => number.into(),
            Self::Unsigned(number) => number.into(),
            Self::Text(_) => 0,
        }
    }
}
