//! The steps that set variables.

use tonic::Status;

use super::outcome::failed;
use super::session::Session;
use super::variables::fit;
use crate::cel::{Env, Value};
use crate::handler::Call;
use crate::rules::plan::{Assignment, IntAssignment, Rule, Variable};

/// Lists and maps within each other. `${[state.x]}` is one deeper each time, and what walks a value recurses.
const MAX_DEPTH: usize = 100;

/// A variable's next value.
enum Change {
    State(usize, Value<'static>),
    Store(String, Value<'static>),
}

impl Session<'_> {
    /// Sets a variable that is an int.
    #[inline(never)]
    pub(super) fn set_int(
        &mut self,
        rule: &Rule,
        set: &IntAssignment,
        call: &mut Call,
    ) -> Result<(), Status> {
        let number = self.with_env(call, |env, _| set.program.eval_int(env));
        let number = number.map_err(|error| set_failed(rule, &set.name, &error.into_text()))?;
        self.variables().set_int(set.place, number);
        Ok(())
    }

    /// Sets variables. All values are computed before the first variable changes.
    pub(super) fn set(
        &mut self,
        rule: &Rule,
        assignments: &[Assignment],
        call: &mut Call,
    ) -> Result<(), Status> {
        let changes = self
            .set_in_store(assignments, call)
            .map_err(|(name, message)| set_failed(rule, name, &message))?;
        changes
            .into_iter()
            .try_for_each(|(place, value)| self.put(place, value, call))
    }

    /// Sets a variable of the call, within the memory that the call may take.
    fn put(&mut self, place: usize, value: Value<'static>, call: &Call) -> Result<(), Status> {
        call.expect_memory(value.size())?;
        self.variables().set(place, value);
        Ok(())
    }

    /// Sets the variables of the store, and returns the new values of the call's own. An `Err` names the variable that
    /// failed.
    fn set_in_store<'a>(
        &mut self,
        assignments: &'a [Assignment],
        call: &mut Call,
    ) -> Result<Vec<(usize, Value<'static>)>, (&'a str, String)> {
        let shared = assignments
            .iter()
            .any(|assignment| matches!(assignment.variable, Variable::Store(_)));
        // Locked from the first read to the last write.
        let mut store = shared.then(|| self.rules().settings.state.store_mut());
        let changes = match &store {
            Some(store) => {
                let (frame, metadata, _) = call.split_mut();
                changes(assignments, &self.env(frame, metadata, store))?
            }
            None => self.with_env(call, |env, _| changes(assignments, env))?,
        };
        let mut of_call = Vec::new();
        for (name, change) in changes {
            match (change, &mut store) {
                (Change::State(place, value), _) => of_call.push((place, value)),
                (Change::Store(key, value), Some(store)) => {
                    store.set(key, value).map_err(|message| (name, message))?;
                }
                (Change::Store(..), None) => {}
            }
        }
        Ok(of_call)
    }
}

fn changes<'a>(
    assignments: &'a [Assignment],
    env: &Env<'_>,
) -> Result<Vec<(&'a str, Change)>, (&'a str, String)> {
    let change = |assignment: &'a Assignment| {
        let wrong = |message| (assignment.name.as_str(), message);
        let value = assignment
            .value
            .value(env)
            .map_err(|error| wrong(error.into_text()))?;
        if value.depth() > MAX_DEPTH {
            return Err(wrong(format!("the value is nested more than {MAX_DEPTH} deep")));
        }
        let change = match &assignment.variable {
            Variable::State(place, kept) => Change::State(*place, fit(kept, value).map_err(wrong)?),
            Variable::Store(key) => {
                let key = key.value(env).map_err(|error| wrong(error.into_text()))?;
                Change::Store(key.to_text(), value)
            }
        };
        Ok((assignment.name.as_str(), change))
    };
    assignments.iter().map(change).collect()
}

#[cold]
fn set_failed(rule: &Rule, name: &str, message: &str) -> Status {
    failed(rule, &format!("`set` of {name}: {message}"))
}
