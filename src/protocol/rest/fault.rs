//! [`Fault`]: what is wrong with a rule, which has its place in the text when somebody asks.
//!
//! A server leaves out the rules of protos that cannot work, and reads no text for it; who checks protos wants the places.

use std::ops::Range;

use crate::error::{Problem, SourceText};
use crate::schema::{Element, ElementPlaces};

/// Where something is written.
#[derive(Debug, Clone)]
pub(super) enum Spot {
    /// At these words in an element of a proto, if they are there.
    Proto(Element, String),
    Config(SourceText, Range<usize>),
}

/// What is wrong with a rule.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    spot: Spot,
    message: String,
    hint: Option<String>,
    /// The rule that has the path already.
    other: Option<Spot>,
}

impl Spot {
    fn problem(&self, places: &ElementPlaces<'_>, message: &str) -> Problem {
        match self {
            Self::Proto(element, written) => places.problem(element, written, message),
            Self::Config(source, span) => Problem::at(source, span.clone(), message),
        }
    }
}

impl Fault {
    pub(super) fn new(spot: Spot, message: String) -> Self {
        Self {
            spot,
            message,
            hint: None,
            other: None,
        }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        self.with_hint_if(Some(hint))
    }

    pub(super) fn with_hint_if(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The same, with the place of the rule that it clashes with.
    pub(super) fn with_other(mut self, other: Spot) -> Self {
        self.other = Some(other);
        self
    }

    /// Whether a proto is at fault, and not a config.
    pub(super) fn is_of_proto(&self) -> bool {
        matches!(self.spot, Spot::Proto(..))
    }

    /// The same as a problem, with its place.
    pub(super) fn placed(&self, places: &ElementPlaces<'_>) -> Problem {
        let problem = self.spot.problem(places, &self.message);
        let Some(other) = &self.other else {
            return problem.with_hint_if(self.hint.as_deref());
        };
        let other = other.problem(places, "");
        let position = other
            .position()
            .map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        problem.with_hint(match other.file() {
            Some(file) => format!("the other rule is at {file}{position}; give one of them another path"),
            None => "give one of them another path".to_owned(),
        })
    }
}
