//! From the YAML parser's lines and columns to byte offsets.

use std::cell::Cell;
use std::ops::Range;

use saphyr_parser::{Marker, Span};

/// Converts the parser's markers to byte offsets.
///
/// It uses lines and columns rather than the marker's index: after a comment with multi-byte characters the parser's
/// index is wrong, but the columns of each line are right.
pub(super) struct Places<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    /// The place found last. The next one is searched from there: it is near, and lines may be long, since JSON may be a
    /// single line.
    last: Cell<Place>,
}

/// A column of a line, and its byte offset.
#[derive(Debug, Clone, Copy)]
struct Place {
    line_start: usize,
    column: usize,
    offset: usize,
}

impl Place {
    fn line(start: usize) -> Self {
        Self {
            line_start: start,
            column: 0,
            offset: start,
        }
    }

    /// The offset of another column of this line.
    fn at(self, column: usize, text: &str) -> usize {
        let (before, after) = text.split_at(self.offset);
        if let Some(back) = self.column.checked_sub(column + 1) {
            let character = before.char_indices().rev().nth(back);
            return character.map_or(0, |(at, _)| at);
        }
        let character = after.char_indices().nth(column - self.column);
        character.map_or(text.len(), |(at, _)| self.offset + at)
    }
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends_line =
            |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let line_starts = std::iter::once(0)
            .chain((0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1))
            .collect();
        Self {
            text,
            line_starts,
            last: Cell::new(Place::line(0)),
        }
    }

    pub(super) fn offset(&self, marker: &Marker) -> usize {
        let Some(start) = self.line_starts.get(marker.line().saturating_sub(1)) else {
            return self.text.len();
        };
        let last = self.last.get();
        let near = if last.line_start == *start {
            last
        } else {
            Place::line(*start)
        };
        let (line_start, column) = (*start, marker.col());
        let offset = near.at(column, self.text);
        // A column past the end has no place to go on from.
        if offset < self.text.len() {
            self.last.set(Place {
                line_start,
                column,
                offset,
            });
        }
        offset
    }

    pub(super) fn span(&self, span: Span) -> Range<usize> {
        let start = self.offset(&span.start);
        let end = self.offset(&span.end).max(start);
        // The parser's end is where the next token begins: blanks and line breaks before it do not belong to the value.
        let trimmed = self.text[start..end].trim_end().len();
        start..start + trimmed
    }
}
