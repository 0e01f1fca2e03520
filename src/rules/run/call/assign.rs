//! The steps that set variables.

use tonic::Status;

use super::execution::Execution;
use super::outcome::Wait;
use super::shared_set::Recorded;
use super::variables::fit;
use crate::cel::{Env, EvalError, TreeKey, Value};
use crate::handler::Call;
use crate::rules::plan::{Assignment, IntAssignment, Rule, Variable};
use crate::rules::run::fault::failed_at;
use crate::rules::run::shared::state::RulesState;

/// Lists and maps within each other. `${[state.x]}` is one deeper each time, and what walks a value recurses.
const MAX_DEPTH: usize = 100;

/// A variable's next value.
enum Change {
    State(usize, Value<'static>),
    Store(Vec<TreeKey>, Value<'static>),
}

impl Execution<'_> {
    /// Sets a variable that is an int.
    #[inline(never)]
    pub(super) fn set_int(
        &mut self,
        rule: &Rule,
        set: &IntAssignment,
        call: &mut Call,
    ) -> Result<(), Status> {
        let number = self.with_env(call, |env, _| set.program.eval_int(env));
        let number = number.map_err(|error| set_failed(rule, &set.name, None, error))?;
        self.variables().set_int(set.place, number);
        Ok(())
    }

    /// Sets variables. All values are computed before the first variable changes. It may have to wait and begin again.
    pub(super) fn set(
        &mut self,
        rule: &Rule,
        assignments: &[Assignment],
        call: &mut Call,
    ) -> Result<Option<Wait>, Status> {
        if assignments.iter().all(is_of_call) {
            self.set_of_call(rule, assignments, call)?;
            return Ok(None);
        }
        let shared = assignments.iter().find(|assignment| is_of_store(assignment));
        if shared.is_some() && self.state().fleet().is_some() {
            return self.set_for_all(rule, assignments, call);
        }
        let changes = self.set_in_store(rule, assignments, None, call)?;
        self.put_all(changes, call)?;
        Ok(None)
    }

    /// Sets variables of the call, and nothing else. Their next values stand where those of the last such step stood.
    fn set_of_call(
        &mut self,
        rule: &Rule,
        assignments: &[Assignment],
        call: &mut Call,
    ) -> Result<(), Status> {
        let mut values = self.variables().take_next();
        let computed = self.with_env(call, |env, _| {
            assignments.iter().try_for_each(|assignment| {
                let value = next_value(assignment, env).map_err(|error| (assignment, error))?;
                values.push(value);
                Ok(())
            })
        });
        let set = match computed {
            Ok(()) => assignments
                .iter()
                .zip(values.drain(..))
                .try_for_each(|(assignment, value)| match assignment.variable {
                    Variable::State(place, _) => self.put(place, value, call),
                    _ => Ok(()),
                }),
            Err((assignment, error)) => Err(set_failed(rule, &assignment.name, Some(assignment.at), error)),
        };
        values.clear();
        self.variables().put_back_next(values);
        set
    }

    /// Sets variables of the call.
    pub(super) fn put_all(
        &mut self,
        changes: Vec<(usize, Value<'static>)>,
        call: &Call,
    ) -> Result<(), Status> {
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

    /// Sets the variables that are declared here and those of the store, and returns the new values of the call's others. What is to
    /// be set in the stores of all servers is only recorded.
    pub(super) fn set_in_store(
        &mut self,
        rule: &Rule,
        assignments: &[Assignment],
        mut recorded: Option<&mut Recorded>,
        call: &mut Call,
    ) -> Result<Vec<(usize, Value<'static>)>, Status> {
        let shared = assignments.iter().find(|assignment| is_of_store(assignment));
        if let Some(assignment) = shared
            && self.lane.is_none()
            && self.state().writers_wait()
        {
            // It begins again in a lane.
            self.budget().exhaust();
            return Err(failed(rule, assignment, "the store is in use".to_owned()));
        }
        let state = shared.map(|_| self.state().clone());
        let state = state.as_ref();
        let _slow = state.filter(|_| self.lane.is_some()).map(RulesState::slow_writer);
        // Locked from the first read to the last write.
        let mut store = state.map(RulesState::store_mut);
        let is_declared = |assignment: &Assignment| matches!(assignment.variable, Variable::Declared(_));
        let declared = assignments.partition_point(is_declared);
        let (declared, assignments) = assignments.split_at(declared);
        for assignment in declared {
            let value = match &store {
                Some(store) => {
                    let (frame, metadata, _) = call.split_mut();
                    value_of(assignment, &self.env(frame, metadata, store))
                }
                None => self.with_env(call, |env, _| value_of(assignment, env)),
            };
            let value =
                value.map_err(|error| set_failed(rule, &assignment.name, Some(assignment.at), error))?;
            if let Variable::Declared(place) = assignment.variable {
                self.put(place, value, call)?;
            }
        }
        let changes = match &store {
            Some(store) => {
                let (frame, metadata, _) = call.split_mut();
                changes(assignments, &self.env(frame, metadata, store))
            }
            None => self.with_env(call, |env, _| changes(assignments, env)),
        };
        let changes = changes
            .map_err(|(assignment, error)| set_failed(rule, &assignment.name, Some(assignment.at), error))?;
        let mut of_call = Vec::new();
        let mut done = Vec::new();
        for (assignment, change) in changes {
            match (change, &mut store) {
                (Change::State(place, value), _) => of_call.push((place, value)),
                (Change::Store(path, value), Some(store)) => {
                    let set = match &mut recorded {
                        Some(recorded) => store.set_recorded(path, value, &mut recorded.record),
                        None => store.set(path, value),
                    };
                    match set {
                        Ok(change) => done.push(change),
                        Err(message) => {
                            done.into_iter().rev().for_each(|change| store.undo(change));
                            return Err(failed(rule, assignment, message));
                        }
                    }
                }
                (Change::Store(..), None) => {}
            }
        }
        if let (Some(recorded), Some(store), Some(fleet)) =
            (recorded, &mut store, state.and_then(RulesState::fleet))
        {
            // Each server makes it when its turn has come, this one too.
            done.into_iter().rev().for_each(|change| store.undo(change));
            recorded.after = fleet.sequence();
        }
        // What was there before may be large: it is dropped when other calls have the store again.
        drop(store);
        Ok(of_call)
    }
}

fn is_of_store(assignment: &Assignment) -> bool {
    matches!(assignment.variable, Variable::Store(_))
}

fn is_of_call(assignment: &Assignment) -> bool {
    matches!(assignment.variable, Variable::State(..))
}

/// The next value of a variable of the call, which keeps its type.
#[inline]
fn next_value(assignment: &Assignment, env: &Env<'_>) -> Result<Value<'static>, EvalError> {
    match &assignment.variable {
        Variable::State(_, kept) => fit(kept, value_of(assignment, env)?).map_err(EvalError::new),
        _ => value_of(assignment, env),
    }
}

/// The value of an assignment.
#[inline]
fn value_of(assignment: &Assignment, env: &Env<'_>) -> Result<Value<'static>, EvalError> {
    let value = assignment.value.value(env)?;
    if value.depth() > MAX_DEPTH {
        return Err(too_deep());
    }
    Ok(value)
}

fn too_deep() -> EvalError {
    EvalError::without_values(format!("the value is nested more than {MAX_DEPTH} deep"))
}

fn changes<'a>(
    assignments: &'a [Assignment],
    env: &Env<'_>,
) -> Result<Vec<(&'a Assignment, Change)>, (&'a Assignment, EvalError)> {
    let change = |assignment: &'a Assignment| {
        let value = next_value(assignment, env)?;
        Ok(match &assignment.variable {
            Variable::State(place, _) | Variable::Declared(place) => Change::State(*place, value),
            Variable::Store(place) => {
                let path = place.place_of_store(env)?;
                if value.depth() + path.len() - 1 > MAX_DEPTH {
                    return Err(too_deep());
                }
                Change::Store(path, value)
            }
        })
    };
    let with_assignment = |assignment| match change(assignment) {
        Ok(change) => Ok((assignment, change)),
        Err(error) => Err((assignment, error)),
    };
    assignments.iter().map(with_assignment).collect()
}

#[cold]
fn failed(rule: &Rule, assignment: &Assignment, message: String) -> Status {
    set_failed(
        rule,
        &assignment.name,
        Some(assignment.at),
        EvalError::new(message),
    )
}

/// What a request asks for that cannot be is the client's fault; all else is the rule's.
#[cold]
fn set_failed(rule: &Rule, name: &str, at: Option<usize>, error: EvalError) -> Status {
    if error.is_bad_request() {
        return Status::invalid_argument(error.into_text());
    }
    let told = error.into_told().within(format_args!("`set` of {name}"));
    failed_at(rule, at, told)
}
