//! Runs the operations of a plan.
//!
//! Each operation reads what the call has at hand through [`Session::with_env`] and is done before the next one
//! begins; only sending and waiting give the thread away, and nothing is borrowed then.

use std::time::Duration;

use tonic::Status;

use super::metadata::Metadata;
use super::pause::Pause;
use super::plan::{Assignment, IntAssignment, Op, Plan, Rule, SignalStep, Variable};
use super::session::Session;
use super::source::fit;
use super::state::Listener;
use super::template::{Misfit, MisfitKind, Template};
use super::text::Text;
use crate::cel::Store;
use crate::cel::{Env, EvalError, Value};
use crate::handler::{Call, Frames};

/// How many rounds a loop goes on without a pause. A deadline, the end of the server and the other calls on the thread
/// wait for that long.
const TURN: u32 = 1024;

/// What goes on after a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    /// The call has ended with OK.
    End,
}

/// Why steps stopped.
#[derive(Debug)]
pub(super) enum Stop {
    Done(Flow),
    Wait(Wait),
}

/// What steps wait for.
#[derive(Debug)]
pub(super) enum Wait {
    /// The transport, to take what was written.
    Transport,
    /// Others, to have their turn.
    Turn,
    Time(Duration),
}

impl Wait {
    /// Waits until it is over.
    pub(super) async fn over(self, call: &mut Call) {
        match self {
            Self::Transport => call.written().await,
            Self::Turn => {
                call.publish();
                tokio::task::yield_now().await;
            }
            Self::Time(duration) => {
                call.publish();
                tokio::time::sleep(duration).await;
            }
        }
    }
}

/// The rounds of a loop that are left.
#[derive(Debug)]
pub(super) enum Rounds {
    Count { next: i64, end: i64 },
    Elements(std::vec::IntoIter<Value<'static>>),
}

impl<'r> Session<'r> {
    /// Calls `read` with what expressions read now, and with the buffer to answer into.
    #[inline]
    pub(super) fn with_env<T>(&self, call: &mut Call, read: impl FnOnce(&Env<'_>, Frames<'_>) -> T) -> T {
        let (frame, metadata, frames) = call.at_hand();
        let (shared, none);
        let store: &Store = if self.rules.uses.store {
            shared = self.rules.state.store();
            &shared
        } else {
            none = &self.rules.no_store;
            none
        };
        read(&self.env(frame, metadata, store), frames)
    }

    /// Runs the steps of one event.
    pub(super) async fn run(
        &mut self,
        rule: &'r Rule,
        plan: &'r Plan,
        call: &mut Call,
    ) -> Result<Flow, Status> {
        let mut at = 0;
        loop {
            match self.steps(rule, plan, &mut at, call)? {
                Stop::Done(flow) => return Ok(flow),
                Stop::Wait(wait) => wait.over(call).await,
            }
        }
    }

    /// Runs the steps from `at` on, up to one that has to wait. Most events never wait, and run in here without
    /// the bookkeeping of a future. What is seldom met is kept out of here, so that this stays small.
    pub(super) fn steps(
        &mut self,
        rule: &'r Rule,
        plan: &'r Plan,
        at: &mut usize,
        call: &mut Call,
    ) -> Result<Stop, Status> {
        let mut rounds = 0;
        while let Some(op) = plan.ops.get(*at) {
            *at += 1;
            match op {
                Op::Send(template) => {
                    self.with_env(call, |env, mut frames| {
                        frames.write(|buffer| template.write(env, &self.memos, buffer))
                    })
                    .map_err(|misfit| misfit_status(rule, misfit))?;
                    if is_whole_loop(plan, *at) {
                        self.send_rounds(template, call)
                            .map_err(|misfit| misfit_status(rule, misfit))?;
                    }
                    if call.is_full() {
                        return Ok(Stop::Wait(Wait::Transport));
                    }
                }
                Op::SetInt(set) => {
                    if !self.add(set) {
                        self.set_int(rule, set, call)?;
                    }
                }
                Op::Log(text) => {
                    if self.logs {
                        self.log(rule, text, call)?;
                    }
                }
                Op::Next { body, every } => {
                    if self.next_round() {
                        *at = *body;
                        rounds += 1;
                        if let Some(every) = every {
                            return self.pause(rule, every, call);
                        }
                        if rounds == TURN {
                            return Ok(Stop::Wait(Wait::Turn));
                        }
                    }
                }
                Op::Jump(to) => *at = *to,
                other => {
                    if let Some(stop) = self.step(rule, other, at, call)? {
                        return Ok(stop);
                    }
                }
            }
        }
        Ok(Stop::Done(Flow::Continue))
    }

    /// Goes on with a loop that does nothing but send: until the transport is full, or the last round is sent.
    #[inline(never)]
    fn send_rounds(&mut self, template: &Template, call: &mut Call) -> Result<(), Misfit> {
        let Some(Rounds::Count { next, end }) = self.loops.last() else {
            return Ok(());
        };
        let (mut next, end) = (*next, *end);
        let mut locals = std::mem::take(&mut self.locals);
        let sent = self.with_env(call, |env, mut frames| {
            while next < end && !frames.is_full() {
                if let Some(local) = locals.last_mut() {
                    put_int(local, next);
                }
                next += 1;
                let env = Env {
                    locals: &locals,
                    ..*env
                };
                frames.write(|buffer| template.write(&env, &self.memos, buffer))?;
            }
            Ok(())
        });
        self.locals = locals;
        if let Some(Rounds::Count { next: kept, .. }) = self.loops.last_mut() {
            *kept = next;
        }
        sent
    }

    /// Runs one step of the kinds that are seldom met for each message.
    #[inline(never)]
    fn step(
        &mut self,
        rule: &'r Rule,
        op: &'r Op,
        at: &mut usize,
        call: &mut Call,
    ) -> Result<Option<Stop>, Status> {
        match op {
            Op::Set(assignments) => self.set(rule, assignments, call)?,
            Op::Unless { condition, to } => {
                let holds = self.with_env(call, |env, _| match condition.eval(env) {
                    Ok(Value::Bool(holds)) => Ok(holds),
                    Ok(other) => Err(format!("`when` gave {}, no bool", other.type_name())),
                    Err(error) => Err(format!("`when`: {error}")),
                });
                if !holds.map_err(|message| failed(rule, &message))? {
                    *at = *to;
                }
            }
            Op::Repeat { count, end } => {
                let count = self.with_env(call, |env, _| count.value(env)).and_then(rounds);
                let end_round = count.map_err(|error| failed(rule, &format!("`repeat`: {error}")))?;
                if !self.begin_loop(Rounds::Count {
                    next: 0,
                    end: end_round,
                }) {
                    *at = *end;
                }
            }
            Op::Each { list, end } => {
                let elements = self.with_env(call, |env, _| list.eval(env).and_then(elements));
                let elements = elements.map_err(|error| failed(rule, &format!("`each`: {error}")))?;
                if !self.begin_loop(Rounds::Elements(elements.into_iter())) {
                    *at = *end;
                }
            }
            Op::Wait(pause) => return self.pause(rule, pause, call).map(Some),
            Op::Headers(headers) => self.headers(rule, headers, call)?,
            Op::Trailers(trailers) => {
                // Taken out, because the values may read the call's own metadata.
                let mut map = std::mem::take(call.trailers_mut());
                let written = self.with_env(call, |env, _| trailers.write(env, &mut map));
                *call.trailers_mut() = map;
                written.map_err(|message| failed(rule, &format!("`trailers`: {message}")))?;
            }
            Op::FlushHeaders => call.flush_headers(),
            Op::Status(status) => {
                let status = self.with_env(call, |env, _| status.status(env));
                let status = status.map_err(|message| failed(rule, &format!("`status`: {message}")))?;
                return match status.code() {
                    tonic::Code::Ok => Ok(Some(Stop::Done(Flow::End))),
                    _ => Err(status),
                };
            }
            Op::Signal(step) => self.signal(rule, step, call)?,
            Op::Send(_) | Op::SetInt(_) | Op::Log(_) | Op::Next { .. } | Op::Jump(_) => {
                unreachable!("`steps` runs these")
            }
        }
        Ok(None)
    }

    #[inline(never)]
    fn log(&mut self, rule: &Rule, text: &Text, call: &mut Call) -> Result<(), Status> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.with_env(call, |env, _| text.write(env, &mut line))
            .map_err(|error| failed(rule, &format!("`log`: {error}")))?;
        tracing::info!(target: "protod::rules", "{line}");
        self.line = line;
        Ok(())
    }

    /// Adds to a variable; `false` if that is not all there is to do.
    #[inline]
    fn add(&mut self, set: &IntAssignment) -> bool {
        if let Some(added) = set.added
            && let Some(Value::Int(number)) = self.state.get_mut(set.place)
            && let Some(sum) = number.checked_add(added)
        {
            *number = sum;
            return true;
        }
        false
    }

    #[inline(never)]
    fn set_int(&mut self, rule: &Rule, set: &IntAssignment, call: &mut Call) -> Result<(), Status> {
        let number = self.with_env(call, |env, _| set.program.eval_int(env));
        let number = number.map_err(|error| set_failed(rule, &set.name, &error.into_text()))?;
        put_int(&mut self.state[set.place], number);
        Ok(())
    }

    /// All values are taken before the first changes.
    fn set(&mut self, rule: &Rule, assignments: &[Assignment], call: &mut Call) -> Result<(), Status> {
        let changes = self
            .set_in_store(assignments, call)
            .map_err(|(name, message)| set_failed(rule, name, &message))?;
        changes
            .into_iter()
            .try_for_each(|(place, value)| self.put(place, value, call))
    }

    /// Sets a variable of the call, within the call's memory.
    fn put(&mut self, place: usize, value: Value<'static>, call: &Call) -> Result<(), Status> {
        call.expect_memory(value.size())?;
        self.state[place] = value;
        Ok(())
    }

    /// Changes the store's variables, and gives what is to be changed of the call's. An `Err` names the variable at
    /// fault.
    fn set_in_store<'a>(
        &mut self,
        assignments: &'a [Assignment],
        call: &mut Call,
    ) -> Result<Vec<(usize, Value<'static>)>, (&'a str, String)> {
        let shared = assignments
            .iter()
            .any(|assignment| matches!(assignment.variable, Variable::Store(_)));
        // Held from the first read to the last write.
        let mut store = shared.then(|| self.rules.state.store_mut());
        let changes = match &store {
            Some(store) => {
                let (frame, metadata, _) = call.at_hand();
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

    /// Begins a loop; `false` if it has no rounds.
    fn begin_loop(&mut self, mut rounds: Rounds) -> bool {
        let first = rounds.next();
        let begins = first.is_some();
        if let Some(first) = first {
            self.locals.push(first);
            self.loops.push(rounds);
        }
        begins
    }

    /// Goes on to the next round of the innermost loop; `false` if that was the last.
    #[inline]
    fn next_round(&mut self) -> bool {
        if let (Some(rounds), Some(local)) = (self.loops.last_mut(), self.locals.last_mut()) {
            match rounds {
                Rounds::Count { next, end } if *next < *end => {
                    put_int(local, *next);
                    *next += 1;
                    return true;
                }
                Rounds::Count { .. } => {}
                Rounds::Elements(elements) => {
                    if let Some(element) = elements.next() {
                        *local = element;
                        return true;
                    }
                }
            }
        }
        self.loops.pop();
        self.locals.pop();
        false
    }

    #[inline(never)]
    fn pause(&self, rule: &Rule, pause: &Pause, call: &mut Call) -> Result<Stop, Status> {
        let duration = self.with_env(call, |env, _| pause.duration(env));
        let duration = duration.map_err(|message| failed(rule, &message))?;
        Ok(Stop::Wait(Wait::Time(duration)))
    }

    fn headers(&self, rule: &Rule, headers: &Metadata, call: &mut Call) -> Result<(), Status> {
        let Some(map) = call.headers_mut() else {
            return Err(failed(rule, "`headers`: they are sent already"));
        };
        let mut map = std::mem::take(map);
        let written = self.with_env(call, |env, _| headers.write(env, &mut map));
        if let Some(place) = call.headers_mut() {
            *place = map;
        }
        written.map_err(|message| failed(rule, &format!("`headers`: {message}")))
    }

    fn signal(&mut self, rule: &Rule, step: &SignalStep, call: &mut Call) -> Result<(), Status> {
        let (name, key) = self
            .with_env(call, |env, _| {
                let key = step.key.as_ref().map(|key| key.text(env)).transpose()?;
                Ok((step.name.text(env)?, key))
            })
            .map_err(|error: EvalError| failed(rule, &format!("`signal`: {error}")))?;
        let own = self.listener.as_ref().map(Listener::id);
        self.rules.state.raise(&name, key.as_deref(), own);
        Ok(())
    }
}

/// Sets a variable that mostly holds an int already.
#[inline]
fn put_int(variable: &mut Value<'static>, number: i64) {
    match variable {
        Value::Int(held) => *held = number,
        other => *other = Value::Int(number),
    }
}

/// A variable's next value.
enum Change {
    State(usize, Value<'static>),
    Store(String, Value<'static>),
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

impl Rounds {
    #[inline]
    fn next(&mut self) -> Option<Value<'static>> {
        match self {
            Self::Count { next, end } => {
                let round = *next;
                *next += 1;
                (round < *end).then_some(Value::Int(round))
            }
            Self::Elements(elements) => elements.next(),
        }
    }
}

/// How many rounds a value means.
fn rounds(count: Value<'static>) -> Result<i64, EvalError> {
    let rounds = match &count {
        Value::Int(count) => Some(*count).filter(|count| *count >= 0),
        Value::Uint(count) => i64::try_from(*count).ok(),
        _ => None,
    };
    rounds.ok_or_else(|| EvalError::new(format!("{} rounds", count.to_text())))
}

/// The elements of a list, or the keys of a map.
fn elements(value: Value<'_>) -> Result<Vec<Value<'static>>, EvalError> {
    match value {
        Value::List(items) => Ok(items.into_iter().map(Value::into_owned).collect()),
        Value::Map(entries) => Ok(entries.into_iter().map(|(key, _)| key.into_owned()).collect()),
        other => Err(EvalError::new(format!("{} is no list", other.to_text()))),
    }
}

/// Whether the step before `at` is all that its loop does.
#[inline]
fn is_whole_loop(plan: &Plan, at: usize) -> bool {
    matches!(plan.ops.get(at), Some(Op::Next { body, every: None }) if body + 1 == at)
}

#[cold]
fn set_failed(rule: &Rule, name: &str, message: &str) -> Status {
    failed(rule, &format!("`set` of {name}: {message}"))
}

#[cold]
fn misfit_status(rule: &Rule, misfit: Misfit) -> Status {
    match misfit.into_kind() {
        MisfitKind::Transport(status) => status,
        other => failed(rule, &other.to_string()),
    }
}

/// What a call ends with when its values do not fit its rule.
pub(super) fn failed(rule: &Rule, message: &str) -> Status {
    Status::internal(format!("rule {}: {message}", rule.name))
}
