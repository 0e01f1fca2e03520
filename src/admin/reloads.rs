//! How reloads went, as the service tells it.

use serde_json::{Value, json};

use super::fields::{duration, timestamp};
use crate::live::{ReloadOutcome, ToldProblem};

/// A `ReloadResponse`.
pub(super) fn told(outcome: &ReloadOutcome) -> Value {
    json!({
        "reloaded": outcome.succeeded(),
        "changes": outcome.changes,
        "problems": problems(&outcome.problems),
        "time": timestamp(outcome.at),
        "took": duration(outcome.took),
    })
}

/// A list of `Problem`.
pub(super) fn problems(problems: &[ToldProblem]) -> Vec<Value> {
    problems.iter().map(problem).collect()
}

fn problem(problem: &ToldProblem) -> Value {
    let (line, column) = problem.position.unwrap_or_default();
    json!({
        "message": problem.message,
        "file": problem.file.as_deref().unwrap_or_default(),
        "line": u32::try_from(line).unwrap_or(u32::MAX),
        "column": u32::try_from(column).unwrap_or(u32::MAX),
        "hint": problem.hint.as_deref().unwrap_or_default(),
    })
}
