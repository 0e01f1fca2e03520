//! How often a rule still answers.
//!
//! Counting is atomic: however many calls come at once, a rule with `times: N` answers N of them. The counters
//! belong to the rule's name, so that they outlive a reload.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::expr::{Env, EvalError, Program};

/// A limit on how many calls a rule answers.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) limit: u64,
    /// Counted apart for each of its values.
    pub(crate) scope: Option<Program>,
    pub(crate) counter: Arc<Counter>,
}

/// How many calls a rule has answered, by the value of its scope.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    answered: Mutex<HashMap<String, u64>>,
}

impl Times {
    /// Takes one of the answers that are left; `false` if there is none.
    pub(crate) fn take(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        let mut scope = String::new();
        if let Some(program) = &self.scope {
            program.eval(env)?.write_text(&mut scope);
        }
        let mut answered = self
            .counter
            .answered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = answered.entry(scope).or_default();
        let left = *count < self.limit;
        *count += u64::from(left);
        Ok(left)
    }

    /// Whether an answer is left, without taking it.
    pub(crate) fn is_left(&self, env: &Env<'_>) -> bool {
        let mut scope = String::new();
        if let Some(Ok(value)) = self.scope.as_ref().map(|program| program.eval(env)) {
            value.write_text(&mut scope);
        }
        let answered = self
            .counter
            .answered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answered.get(&scope).copied().unwrap_or_default() < self.limit
    }
}
