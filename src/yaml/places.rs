//! From the YAML parser's lines and columns to byte offsets.

use std::ops::Range;

use saphyr_parser::{Marker, Span};

/// Converts the parser's markers to byte offsets.
///
/// It uses lines and columns rather than the marker's index: after a comment with multi-byte characters the parser's
/// index is wrong, but the columns of each line are right.
pub(super) struct Places<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends_line =
            |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let line_starts = std::iter::once(0)
            .chain((0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1))
            .collect();
        Self { text, line_starts }
    }

    pub(super) fn offset(&self, marker: &Marker) -> usize {
        let Some(start) = self.line_starts.get(marker.line().saturating_sub(1)) else {
            return self.text.len();
        };
        let line = &self.text[*start..];
        line.char_indices()
            .nth(marker.col())
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    pub(super) fn span(&self, span: Span) -> Range<usize> {
        let start = self.offset(&span.start);
        let end = self.offset(&span.end).max(start);
        // The parser's end is where the next token begins: blanks and line breaks before it do not belong to the value.
        let trimmed = self.text[start..end].trim_end().len();
        start..start + trimmed
    }
}
