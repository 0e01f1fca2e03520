//! [`Warning`]: what is not wrong with a proto, and hardly meant.
//!
//! Warnings are kept with the file that they are of, from load to load and in the cache, and told when somebody asks: who checks
//! protos wants them, and who serves them does not. So a warning keeps a place, and no text.

use std::ops::Range;

use crate::error::{Problem, SourceText};

/// A warning of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    /// Where it is in the text, in bytes; `None` if it is of the file as a whole.
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Warning {
    /// What a problem says that is none.
    pub(super) fn of(problem: &Problem) -> Self {
        Self {
            span: problem.span(),
            message: problem.to_string(),
            hint: problem.hint(),
        }
    }

    /// The same, as it is shown with its text.
    pub(super) fn in_text(&self, source: &SourceText) -> Problem {
        let length = source.text().len();
        let span = self.span.clone().filter(|span| span.end <= length);
        let problem = match span {
            Some(span) => Problem::at(source, span, &*self.message),
            None => Problem::in_file(source.name(), &*self.message),
        };
        problem.with_hint_if(self.hint.as_deref()).into_warning()
    }
}
