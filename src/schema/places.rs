//! [`Places`]: where the elements of a file stand in its text, by their paths in `SourceCodeInfo`.

use std::collections::HashMap;
use std::ops::Range;

use prost::Message as _;

use super::descriptor::SourceInfo;
use super::tabs::Tabs;
use crate::error::{Lines, Problem, SourceText};

/// The bytes of the elements of a file.
pub(super) struct Places {
    source: SourceText,
    spans: HashMap<Vec<i32>, Vec<i32>>,
    tabs: Tabs,
}

impl Places {
    /// `info` is the serialized `SourceCodeInfo`.
    pub(super) fn new(source: SourceText, info: &[u8]) -> Self {
        let info = SourceInfo::decode(info).unwrap_or_default();
        let locations = info.location.into_iter();
        Self {
            tabs: Tabs::of(source.text()),
            // Of two places with one path, as statements with several ranges have, the first is the statement's.
            spans: locations
                .rev()
                .map(|location| (location.path, location.span))
                .collect(),
            source,
        }
    }

    /// The text.
    pub(super) fn source(&self) -> &SourceText {
        &self.source
    }

    /// A problem at an element, or at the nearest one above it that has a place.
    pub(super) fn problem(&self, path: &[i32], message: impl Into<String>) -> Problem {
        match self.find(path) {
            Some(span) => Problem::at(&self.source, span, message),
            None => Problem::in_file(self.source.name(), message),
        }
    }

    /// The place of an element, or of the nearest one above it that has one.
    pub(super) fn find(&self, path: &[i32]) -> Option<Range<usize>> {
        let parts = (1..=path.len()).rev();
        let found = parts
            .into_iter()
            .find_map(|parts| self.spans.get(&path[..parts]))?;
        let mut span = found.clone();
        self.tabs.narrow(self.source.lines(), &mut span);
        let Range { start, end } = offsets(self.source.lines(), &span)?;
        let length = self.source.text().len();
        Some(start.min(length)..end.min(length).max(start))
    }
}

/// The bytes of a span of `SourceCodeInfo` whose columns are bytes: line and column of its beginning, and of its end; the
/// second line is left out if it is the first.
pub(super) fn offsets(lines: &Lines, span: &[i32]) -> Option<Range<usize>> {
    let (start_line, start, end_line, end) = match *span {
        [line, start, end] => (line, start, line, end),
        [line, start, end_line, end] => (line, start, end_line, end),
        _ => return None,
    };
    let offset = |line: i32, column: i32| {
        let start = lines.start(usize::try_from(line).ok()?)?;
        Some(start + usize::try_from(column).ok()?)
    };
    Some(offset(start_line, start)?..offset(end_line, end)?)
}

/// The span of `SourceCodeInfo` of some bytes.
pub(super) fn span(lines: &Lines, offsets: &Range<usize>) -> Vec<i32> {
    let (start_line, start_of_first) = lines.of(offsets.start);
    let (end_line, start_of_last) = lines.of(offsets.end);
    let mut span = vec![start_line, offsets.start - start_of_first];
    span.extend((end_line != start_line).then_some(end_line));
    span.push(offsets.end - start_of_last);
    let number = |number| i32::try_from(number).expect("a text of at most 64 MiB");
    span.into_iter().map(number).collect()
}
