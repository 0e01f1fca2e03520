//! [`Report`]: what is wrong with one file, each problem at its place in the text.

use std::collections::HashMap;
use std::ops::Range;

use prost_types::SourceCodeInfo;

use super::path::ElementPath;
use crate::error::{Problem, SourceText};

/// The problems and warnings of one file.
pub(super) struct Report<'a> {
    source: &'a SourceText,
    info: &'a SourceCodeInfo,
    /// Made when the first problem is reported.
    places: Option<Places<'a>>,
    problems: Vec<Problem>,
}

impl<'a> Report<'a> {
    /// A report of the file `source`, whose elements stand where `info` says.
    pub(super) fn new(source: &'a SourceText, info: &'a SourceCodeInfo) -> Self {
        Self {
            source,
            info,
            places: None,
            problems: Vec::new(),
        }
    }

    /// A problem at an element, or at the nearest one above it that has a place.
    pub(super) fn problem(&mut self, path: &ElementPath<'_>, message: impl Into<String>) {
        let problem = self.place(path, message);
        self.problems.push(problem);
    }

    /// The same, with what to do about it.
    pub(super) fn problem_with_hint(
        &mut self,
        path: &ElementPath<'_>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let problem = self.place(path, message).with_hint(hint);
        self.problems.push(problem);
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    fn place(&mut self, path: &ElementPath<'_>, message: impl Into<String>) -> Problem {
        let (source, info) = (self.source, self.info);
        let places = self.places.get_or_insert_with(|| Places::new(source, info));
        match places.find(&path.numbers()) {
            Some(span) => Problem::at(source, span, message),
            None => Problem::in_file(source.name(), message),
        }
    }
}

/// The bytes of the elements of a file.
struct Places<'a> {
    spans: HashMap<&'a [i32], &'a [i32]>,
    line_starts: Vec<usize>,
    length: usize,
}

impl<'a> Places<'a> {
    fn new(source: &SourceText, info: &'a SourceCodeInfo) -> Self {
        let text = source.text();
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let locations = info.location.iter();
        Self {
            // Of two places with one path, as statements with several ranges have, the first is the statement's.
            spans: locations
                .rev()
                .map(|location| (&*location.path, &*location.span))
                .collect(),
            line_starts: std::iter::once(0).chain(newlines).collect(),
            length: text.len(),
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
        Some((start + usize::try_from(column).ok()?).min(self.length))
    }
}
