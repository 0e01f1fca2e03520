//! What is kept and told of a reload to those who wait for it: plain texts, which need nothing of what was loaded.

use std::error::Error as _;
use std::fmt::Display;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Problem};

/// How a reload went, as [`ReloadTrigger::reload_and_wait`](super::ReloadTrigger::reload_and_wait) tells it.
///
/// ```
/// use protod::live::ReloadTrigger;
///
/// # async fn run(reloads: ReloadTrigger) {
/// if let Some(outcome) = reloads.reload_and_wait().await {
///     for problem in &outcome.problems {
///         println!("{}", problem.message);
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReloadOutcome {
    /// When it was over.
    pub at: SystemTime,
    /// What is different now, one line each. Empty if nothing changed, and if it failed.
    pub changes: Vec<String>,
    /// Why it failed. Empty if it did not.
    pub problems: Vec<ToldProblem>,
    /// How long it took, from reading the files to the swap. Zero if it failed.
    pub took: Duration,
}

/// One reason for which a reload has failed: see [`ReloadOutcome`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToldProblem {
    /// What is wrong, without its place.
    pub message: String,
    /// The file, if it is about one.
    pub file: Option<String>,
    /// Line and column, both from 1, if they are known.
    pub position: Option<(usize, usize)>,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl ReloadOutcome {
    pub(super) fn of_changes<C: Display>(changes: impl Iterator<Item = C>, took: Duration) -> Self {
        Self {
            at: SystemTime::now(),
            changes: changes.map(|change| change.to_string()).collect(),
            problems: Vec::new(),
            took,
        }
    }

    pub(super) fn of_error(error: &Error) -> Self {
        let problems: Vec<ToldProblem> = error.problems().iter().map(ToldProblem::of).collect();
        Self {
            at: SystemTime::now(),
            changes: Vec::new(),
            problems: if problems.is_empty() {
                vec![ToldProblem::of_error(error)]
            } else {
                problems
            },
            took: Duration::ZERO,
        }
    }

    /// Whether what was loaded is served now.
    pub fn succeeded(&self) -> bool {
        self.problems.is_empty()
    }
}

impl ToldProblem {
    pub(super) fn of(problem: &Problem) -> Self {
        Self {
            message: problem.to_string(),
            file: problem.file(),
            position: problem.position(),
            hint: problem.hint(),
        }
    }

    /// The message with its place before it, as in `tea:3:5: …`.
    pub(crate) fn located(&self) -> String {
        match (&self.file, self.position) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: {}", self.message),
            (Some(file), None) => format!("{file}: {}", self.message),
            (None, _) => self.message.clone(),
        }
    }

    /// An error that is about no file in particular.
    pub(crate) fn of_error(error: &Error) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let message = causes.fold(error.to_string(), |message, cause| format!("{message}: {cause}"));
        Self {
            message,
            file: None,
            position: None,
            hint: None,
        }
    }
}
