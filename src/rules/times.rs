//! How often a rule still answers.
//!
//! Counting is atomic: however many calls come at once, a rule with `times: N` answers N of them. The counters
//! belong to the rule's file and name, so that they outlive a reload.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cel::{Env, EvalError, Program};

/// A limit on how many calls a rule answers.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) limit: u64,
    /// Counted apart for each of its values.
    pub(crate) scope: Option<Program>,
    pub(crate) counter: Arc<Counter>,
}

/// What the values of one counter's scopes may take together, in bytes: they may come from clients.
const MAX_SIZE: usize = 64 << 20;

/// How many calls a rule has answered, by the value of its scope.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    answered: Mutex<Answered>,
}

#[derive(Debug, Default)]
struct Answered {
    counts: HashMap<String, u64>,
    size: usize,
}

impl Answered {
    /// The count of a scope, which is 0 for a new one.
    fn count(&mut self, scope: String) -> Result<&mut u64, EvalError> {
        match self.counts.entry(scope) {
            Entry::Occupied(count) => Ok(count.into_mut()),
            Entry::Vacant(place) => {
                let size = self.size + size_of::<(String, u64)>() + place.key().len();
                if size > MAX_SIZE {
                    return Err(EvalError::new(format!(
                        "`times` counts no more scopes: their values take {MAX_SIZE} bytes"
                    )));
                }
                self.size = size;
                Ok(place.insert(0))
            }
        }
    }
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
        let count = answered.count(scope)?;
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
        answered.counts.get(&scope).copied().unwrap_or_default() < self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_take_so_many_bytes_and_no_more() {
        let mut answered = Answered::default();
        let long = |name: char| name.to_string().repeat(MAX_SIZE / 3);
        for name in ['a', 'b'] {
            *answered.count(long(name)).expect("there is room") += 1;
        }
        answered.count(long('c')).expect_err("there is no more");
        assert_eq!(*answered.count(long('a')).expect("it is known"), 1);
    }
}
