//! [`Report`]: what is wrong with one file, each problem at its place in the text.

use crate::error::Problem;
use crate::schema::element_path::ElementPath;
use crate::schema::places::Places;
use crate::schema::source::TextFile;
use crate::schema::warning::Warning;

/// The problems of one file.
pub(in crate::schema) struct Report<'a> {
    text: &'a TextFile,
    /// The serialized `SourceCodeInfo`.
    info: &'a [u8],
    /// Made when the first problem is reported.
    places: Option<Places>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl<'a> Report<'a> {
    /// A report of the file `text`, whose elements stand where `info` says.
    pub(in crate::schema) fn new(text: &'a TextFile, info: &'a [u8]) -> Self {
        Self {
            text,
            info,
            places: None,
            problems: Vec::new(),
            warnings: Vec::new(),
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

    /// What is not wrong with an element, and hardly meant.
    pub(in crate::schema) fn warning(
        &mut self,
        path: &ElementPath<'_>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.warning_at(path.numbers(), message, hint);
    }

    /// The same, of the element with this path.
    pub(in crate::schema) fn warning_at(
        &mut self,
        path: Vec<i32>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.warnings.push(Warning {
            path,
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// The warnings so far, which are no problems.
    pub(in crate::schema) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// A problem of two elements, at the second.
    pub(super) fn clash(&mut self, first: &[i32], second: &ElementPath<'_>, message: String) {
        let problem = self.place(second, message).with_label("defined again here");
        let first = self.places.as_ref().and_then(|places| places.find(first));
        let problem = match first {
            Some(first) => problem.and_at(first, "first defined here"),
            None => problem,
        };
        self.problems.push(problem);
    }

    /// The same, with what to do about it.
    pub(super) fn clash_with_hint(
        &mut self,
        first: &[i32],
        second: &ElementPath<'_>,
        message: String,
        hint: &str,
    ) {
        self.clash(first, second, message);
        if let Some(problem) = self.problems.pop() {
            self.problems.push(problem.with_hint(hint));
        }
    }

    pub(in crate::schema) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    fn place(&mut self, path: &ElementPath<'_>, message: impl Into<String>) -> Problem {
        let places = self
            .places
            .get_or_insert_with(|| Places::new(self.text.source().clone(), self.info));
        places.problem(&path.numbers(), message)
    }
}
