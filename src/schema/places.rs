//! [`Places`]: where the elements of a file stand in its text, by their paths in `SourceCodeInfo`.

use std::collections::HashMap;
use std::ops::Range;

use prost_types::SourceCodeInfo;

use crate::error::{Problem, SourceText};

/// The bytes of the elements of a file.
pub(super) struct Places<'a> {
    source: &'a SourceText,
    spans: HashMap<&'a [i32], &'a [i32]>,
    line_starts: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(source: &'a SourceText, info: &'a SourceCodeInfo) -> Self {
        let newlines = source.text().match_indices('\n').map(|(at, _)| at + 1);
        let locations = info.location.iter();
        Self {
            source,
            // Of two places with one path, as statements with several ranges have, the first is the statement's.
            spans: locations
                .rev()
                .map(|location| (&*location.path, &*location.span))
                .collect(),
            line_starts: std::iter::once(0).chain(newlines).collect(),
        }
    }

    /// A problem at an element, or at the nearest one above it that has a place.
    pub(super) fn problem(&self, path: &[i32], message: impl Into<String>) -> Problem {
        match self.find(path) {
            Some(span) => Problem::at(self.source, span, message),
            None => Problem::in_file(self.source.name(), message),
        }
    }

    fn find(&self, path: &[i32]) -> Option<Range<usize>> {
        let span = (1..=path.len())
            .rev()
            .find_map(|parts| self.spans.get(&path[..parts]))?;
        let (start, end) = match **span {
            [line, start, end] => ((line, start), (line, end)),
            [line, start, end_line, end] => ((line, start), (end_line, end)),
            _ => return None,
        };
        let start = self.offset(start)?;
        Some(start..self.offset(end).unwrap_or(start).max(start))
    }

    fn offset(&self, (line, column): (i32, i32)) -> Option<usize> {
        let start = self.line_starts.get(usize::try_from(line).ok()?)?;
        Some((start + usize::try_from(column).ok()?).min(self.source.text().len()))
    }
}
