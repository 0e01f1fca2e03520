//! How reloads went, as the service tells it. An answer has only so much of what a server may have to tell.

use serde_json::{Value, json};

use super::fields::{duration, timestamp};
use crate::excerpt::shortened;
use crate::live::{ReloadOutcome, ToldProblem};

/// How many changes an answer has.
const MAX_CHANGES: usize = 1000;

/// How many problems an answer has.
pub(super) const MAX_PROBLEMS: usize = 100;

/// How many bytes a text of a change or of a problem has.
const MAX_TEXT: usize = 1000;

/// A `ReloadResponse`.
pub(super) fn told(outcome: &ReloadOutcome) -> Value {
    let changes = outcome.changes.iter().take(MAX_CHANGES);
    let changes: Vec<_> = changes.map(|change| shortened(change, MAX_TEXT)).collect();
    let (problems, more_problems) = problems(&outcome.problems);
    json!({
        "reloaded": outcome.succeeded(),
        "more_changes": outcome.changes.len() - changes.len(),
        "changes": changes,
        "problems": problems,
        "more_problems": more_problems,
        "time": timestamp(outcome.at),
        "took": duration(outcome.took),
    })
}

/// A list of `Problem`, and how many there are besides.
pub(super) fn problems(problems: &[ToldProblem]) -> (Vec<Value>, usize) {
    problems_within(MAX_PROBLEMS, problems)
}

/// The same, with up to so many.
pub(super) fn problems_within(most: usize, problems: &[ToldProblem]) -> (Vec<Value>, usize) {
    let told: Vec<Value> = problems.iter().take(most).map(problem).collect();
    let more = problems.len() - told.len();
    (told, more)
}

fn problem(problem: &ToldProblem) -> Value {
    let (line, column) = problem.position.unwrap_or_default();
    let text = |text: &str| shortened(text, MAX_TEXT).into_owned();
    json!({
        "message": text(&problem.message),
        "file": problem.file.as_deref().map(text),
        "line": u32::try_from(line).unwrap_or(u32::MAX),
        "column": u32::try_from(column).unwrap_or(u32::MAX),
        "hint": problem.hint.as_deref().map(text),
    })
}
