//! Runs the steps of an event.
//!
//! Each operation reads from the call through [`Execution::with_env`] and ends before the next one begins. Only sending and
//! waiting give up the thread, and nothing is borrowed then.

use prost::Message as _;
use tonic::{Code, Status};

use super::execution::Execution;
use super::failures::write_failed;
use super::loops::Rounds;
use super::outcome::{CallState, Stopped, Wait};
use super::rows::NextRow;
use crate::cel::{Env, EvalError, Value};
use crate::handler::Call;
use crate::rules::plan::template::Template;
use crate::rules::plan::{
    KEY_AND_VALUE, Metadata, Op, Pause, Rule, SampleTemplate, SignalStep, Steps, count_of,
};
use crate::rules::run::fault::{failed, hinted, placed, too_costly};
use crate::rules::run::shared::trouble::Trouble;
use crate::rules::run::write::template::WriteError;

/// How many rounds of a loop run before other tasks of the thread have their turn. A deadline, the end of the server and
/// the other calls on the thread wait for that long.
const ROUNDS_PER_TURN: u32 = 1024;

/// How steps began.
struct Begun {
    /// The first of them.
    at: usize,
    /// What they might cost.
    room: u64,
}

impl<'r> Execution<'r> {
    /// Runs the steps of one event.
    pub(super) async fn run(
        &mut self,
        rule: &'r Rule,
        steps: &'r Steps,
        call: &mut Call,
    ) -> Result<CallState, Status> {
        let mut at = 0;
        loop {
            match self.steps(rule, steps, &mut at, call)? {
                Stopped::Done(state) => return Ok(state),
                Stopped::Waiting(wait) => self.wait(wait, call).await?,
            }
        }
    }

    /// Runs the steps from `at` on, up to one that has to wait. Most events never wait, and run here without a
    /// future of their own. An operation that had too little room waits for more, and begins again.
    #[inline]
    pub(super) fn steps(
        &mut self,
        rule: &'r Rule,
        steps: &'r Steps,
        at: &mut usize,
        call: &mut Call,
    ) -> Result<Stopped, Status> {
        if self.lane.is_some() || self.waits_for_store() {
            return self.steps_in_lane(rule, steps, at, call);
        }
        let begun = self.begun(*at);
        let mut rounds = 0;
        match self.turn(rule, steps, at, &mut rounds, call) {
            Err(status) => self.stopped(status, steps, at, &begun, rounds, call),
            stopped => stopped,
        }
    }

    /// The same in a lane, which the call has or waits for.
    #[inline(never)]
    fn steps_in_lane(
        &mut self,
        rule: &'r Rule,
        steps: &'r Steps,
        at: &mut usize,
        call: &mut Call,
    ) -> Result<Stopped, Status> {
        if self.lane.is_none() {
            return Ok(Stopped::Waiting(Wait::Lane));
        }
        let begun = self.begun(*at);
        let mut rounds = 0;
        match self.in_lane(|execution| execution.turn(rule, steps, at, &mut rounds, call)) {
            Err(status) => self.stopped(status, steps, at, &begun, rounds, call),
            stopped => {
                self.begin_turn();
                stopped
            }
        }
    }

    /// What comes of a turn that an operation ended: it begins again with more room, or the call fails. Each operation is
    /// passed before it begins.
    #[cold]
    fn stopped(
        &mut self,
        status: Status,
        steps: &Steps,
        at: &mut usize,
        begun: &Begun,
        rounds: u32,
        call: &Call,
    ) -> Result<Stopped, Status> {
        let operation = at.wrapping_sub(1);
        let place = steps.places.get(operation).map(|place| place.start);
        if let Some(fault) = self.reads().take_fault() {
            return Err(fault.status());
        }
        if self.reads().is_wanted() {
            *at = operation;
            self.lane = None;
            return Ok(Stopped::Waiting(Wait::Lane));
        }
        if call.needs_room() {
            *at = operation;
            self.lane = None;
            return Ok(Stopped::Waiting(Wait::Room));
        }
        if !self.is_interrupted() {
            if self.lane.is_some() {
                self.begin_turn();
            }
            let status = placed(status, place);
            return Err(if self.loops().has_keys_alone() {
                hinted(status, KEY_AND_VALUE)
            } else {
                status
            });
        }
        *at = operation;
        let had_all_room = begun.room == self.whole_turn() && operation == begun.at && rounds == 0;
        let had_lane = self.lane.take().is_some();
        match (had_all_room, had_lane) {
            (false, _) => Ok(Stopped::Waiting(Wait::Others)),
            (true, false) => Ok(Stopped::Waiting(Wait::Lane)),
            (true, true) => Err(placed(too_costly(&status), place)),
        }
    }

    #[inline]
    fn begun(&self, at: usize) -> Begun {
        Begun {
            at,
            room: self.budget().left(),
        }
    }

    /// Runs the steps from `at` on, up to one that has to wait, or one that fails, also because it costs too much for this
    /// turn. Rare operations are in [`step`](Self::step), so that this function stays small.
    #[inline]
    fn turn(
        &mut self,
        rule: &'r Rule,
        steps: &'r Steps,
        at: &mut usize,
        rounds: &mut u32,
        call: &mut Call,
    ) -> Result<Stopped, Status> {
        while let Some(op) = steps.ops.get(*at) {
            *at += 1;
            match op {
                Op::Send(_) | Op::Sample(_) | Op::Status(_) | Op::FlushHeaders | Op::Signal(_)
                    if self.has_uncommitted =>
                {
                    *at -= 1;
                    return Ok(Stopped::Waiting(Wait::Commit));
                }
                Op::Send(template) => {
                    self.with_env(call, |env, mut writer| {
                        writer.write(|buffer| template.write(env, self.cache(), buffer))
                    })
                    .map_err(|error| write_failed(rule, error))?;
                    if is_whole_loop(steps, *at) {
                        self.send_rounds(template, call)
                            .map_err(|error| write_failed(rule, error))?;
                    }
                    if call.is_full() {
                        return Ok(Stopped::Waiting(Wait::Transport));
                    }
                }
                Op::SetInt(set) => {
                    if !self.variables().add(set) {
                        self.set_int(rule, set, call)?;
                    }
                }
                Op::Log(text) => {
                    if self.logs() {
                        self.log(text, call)
                            .map_err(|error| failed(rule, error.within("log")))?;
                    }
                }
                Op::Next { body, every } => {
                    if self.loops().next_round() {
                        *at = *body;
                        *rounds += 1;
                        if let Some(every) = every {
                            return self.pause_between(rule, every, call);
                        }
                        if *rounds == ROUNDS_PER_TURN {
                            return Ok(Stopped::Waiting(Wait::Others));
                        }
                    }
                }
                Op::Jump(to) => *at = *to,
                Op::NextRow { begin, every } => {
                    if let Some(Op::Rows(step)) = steps.ops.get(*begin) {
                        let next = self.next_row(rule, step, call)?;
                        match next {
                            NextRow::End => continue,
                            NextRow::Unread => {
                                *at -= 1;
                                return Ok(NextRow::UNREAD);
                            }
                            NextRow::First | NextRow::Next => *at = begin + 1,
                        }
                        *rounds += 1;
                        if let (NextRow::Next, Some(every)) = (next, every) {
                            return self.pause_between(rule, every, call);
                        }
                        if *rounds == ROUNDS_PER_TURN {
                            return Ok(Stopped::Waiting(Wait::Others));
                        }
                    }
                }
                other => {
                    if let Some(stop) = self.step(rule, other, at, call)? {
                        return Ok(stop);
                    }
                }
            }
        }
        Ok(Stopped::Done(CallState::Open))
    }

    /// Runs a loop that only sends, until the transport is full or the last round is sent.
    #[inline(never)]
    fn send_rounds(&mut self, template: &Template, call: &mut Call) -> Result<(), WriteError> {
        let Some(mut rounds) = self.loops().take_counted() else {
            return Ok(());
        };
        let sent = self.with_env(call, |env, mut writer| {
            while !writer.is_full()
                && let Some(locals) = rounds.next()
            {
                let env = Env { locals, ..*env };
                writer.write(|buffer| template.write(&env, self.cache(), buffer))?;
            }
            Ok(())
        });
        let comes_again = sent.is_err() && (self.is_interrupted() || call.needs_room());
        if comes_again {
            rounds.step_back();
        }
        self.loops().put_back(rounds);
        if comes_again { Ok(()) } else { sent }
    }

    /// The pause between two rounds. The next one has begun, so this cannot begin again: it has to do with what is left.
    #[inline(never)]
    fn pause_between(&mut self, rule: &Rule, pause: &Pause, call: &mut Call) -> Result<Stopped, Status> {
        let paused = self.pause(rule, pause, call);
        match paused {
            Err(status) if self.is_interrupted() => {
                self.begin_turn();
                Err(too_costly(&status))
            }
            paused => paused,
        }
    }

    /// Runs one operation of a kind that is rarely run for each message.
    #[inline(never)]
    fn step(
        &mut self,
        rule: &'r Rule,
        op: &'r Op,
        at: &mut usize,
        call: &mut Call,
    ) -> Result<Option<Stopped>, Status> {
        match op {
            Op::Set(assignments) => {
                if let Some(wait) = self.set(rule, assignments, call)? {
                    *at -= 1;
                    return Ok(Some(Stopped::Waiting(wait)));
                }
            }
            Op::Unless { condition, to } => {
                let holds = self.with_env(call, |env, _| match condition.eval(env) {
                    Ok(Value::Bool(holds)) => Ok(holds),
                    Ok(other) => Err(EvalError::without_values(format!(
                        "`when` gave {}, not a bool",
                        other.type_name()
                    ))),
                    // As in `when` of a rule: a call without the metadata is nothing special.
                    Err(error) if error.is_absent_metadata() => Ok(false),
                    Err(error) => Err(error.within("when")),
                });
                if !holds.map_err(|error| failed(rule, error))? {
                    *at = *to;
                }
            }
            Op::Repeat { count, end } => {
                let count = self.with_env(call, |env, _| count.value(env)).and_then(rounds);
                let end_round = count.map_err(|error| failed(rule, error.within("repeat")))?;
                if !self.loops().begin(Rounds::Count {
                    next: 0,
                    end: end_round,
                }) {
                    *at = *end;
                }
            }
            Op::Each { list, pairs, end } => {
                let rounds = self.with_env(call, |env, _| Rounds::over(list, *pairs, env));
                let rounds = rounds.map_err(|error| failed(rule, error.within("each")))?;
                if !self.loops().begin(rounds) {
                    *at = *end;
                }
            }
            Op::Store(step) => return self.store(rule, step, call),
            Op::Rows(step) => {
                self.begin_rows(rule, step, call)?;
                *at = step.next;
            }
            Op::Sample(sample) => return self.sample(rule, sample, call),
            Op::Wait(pause) => return self.pause(rule, pause, call).map(Some),
            Op::Headers(headers) => self.headers(rule, headers, call)?,
            Op::Trailers(trailers) => {
                // Taken out, because the values may read the call's own metadata.
                let mut map = std::mem::take(call.trailers_mut());
                let written = self.with_env(call, |env, _| trailers.write(env, &mut map));
                *call.trailers_mut() = map;
                written.map_err(|message| failed(rule, message.within("`trailers`")))?;
            }
            Op::FlushHeaders => call.flush_headers(),
            Op::Status(status) => {
                let status = self.with_env(call, |env, _| status.status(env));
                let status = status.map_err(|message| failed(rule, message.within("`status`")))?;
                return match status.code() {
                    Code::Ok => Ok(Some(Stopped::Done(CallState::Ended))),
                    _ => Err(status),
                };
            }
            Op::Signal(step) => self.signal(rule, step, call)?,
            Op::Send(_) | Op::SetInt(_) | Op::Log(_) | Op::Next { .. } | Op::NextRow { .. } | Op::Jump(_) => {
                unreachable!("`steps` runs these")
            }
        }
        Ok(None)
    }

    /// Sends a made-up message. The other calls have their turn before the next one, since it takes as long as many steps.
    fn sample(
        &self,
        rule: &Rule,
        sample: &SampleTemplate,
        call: &mut Call,
    ) -> Result<Option<Stopped>, Status> {
        let method = &self.rules().method;
        let (index, has_request) = (call.sent(), self.has_request());
        self.with_env(call, |env, mut writer| {
            let request = env.request.filter(|_| has_request);
            let message = sample.message(method, index, &Env { request, ..*env }, self.cache())?;
            writer.write(|buffer| {
                message.encode_raw(buffer);
                Ok(())
            })
        })
        .map_err(|error| write_failed(rule, error))?;
        Ok(if call.is_full() {
            Some(Stopped::Waiting(Wait::Transport))
        } else if method.is_server_streaming() {
            Some(Stopped::Waiting(Wait::Others))
        } else {
            None
        })
    }

    #[inline(never)]
    fn pause(&self, rule: &Rule, pause: &Pause, call: &mut Call) -> Result<Stopped, Status> {
        let duration = self.with_env(call, |env, _| pause.duration(env));
        let duration = duration.map_err(|message| failed(rule, message))?;
        Ok(Stopped::Waiting(Wait::Time(duration)))
    }

    fn headers(&self, rule: &Rule, headers: &Metadata, call: &mut Call) -> Result<(), Status> {
        let Some(map) = call.headers_mut() else {
            let message = "`headers`: they are sent already; what comes after a message goes into `trailers`";
            return Err(failed(rule, message));
        };
        let mut map = std::mem::take(map);
        let written = self.with_env(call, |env, _| headers.write(env, &mut map));
        if let Some(place) = call.headers_mut() {
            *place = map;
        }
        written.map_err(|message| failed(rule, message.within("`headers`")))
    }

    fn signal(&mut self, rule: &Rule, step: &SignalStep, call: &mut Call) -> Result<(), Status> {
        let (name, key) = self
            .with_env(call, |env, _| {
                let key = step.key.as_ref().map(|key| key.text(env)).transpose()?;
                let name = step.name.text(env)?;
                env.call.budget.charge(self.state().listening(&name) as u64)?;
                Ok((name, key))
            })
            .map_err(|error: EvalError| failed(rule, error.within("signal")))?;
        let own = self.listener().map(|listener| listener.id());
        let raised = self.state().raise(&name, key.as_deref(), own);
        raised.map(drop).map_err(Trouble::status)
    }
}

/// The number of rounds that a value stands for.
fn rounds(count: Value<'static>) -> Result<i64, EvalError> {
    let rounds = count_of(&count).and_then(|count| i64::try_from(count).ok());
    rounds.ok_or_else(|| EvalError::of_value(&count.to_text(), "is not a number of rounds"))
}

/// Whether the operation before `at` is all that its loop does.
#[inline]
fn is_whole_loop(steps: &Steps, at: usize) -> bool {
    matches!(steps.ops.get(at), Some(Op::Next { body, every: None }) if body + 1 == at)
}
