//! Runs a rule for one call.
//!
//! Events come one at a time, in order: open, each message, half-close, and between them timers and signals. For
//! each message there is one pass that checks its bytes and picks the fields that the rules read; then the plan
//! runs, and writes straight into the frames. Nothing is looked up by name here, and nothing is allocated for a
//! message but what its values need.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use tonic::Status;

use super::MethodRules;
use super::expr::{CallFacts, Env, EvalError, Value};
use super::plan::{Assignment, Op, Plan, Rule, SignalStep};
use super::source::fit;
use super::state::Listener;
use super::template::Misfit;
use crate::handler::Call;
use crate::message::{MessageError, Picked, check_and_pick};

/// What one call's kept messages may take together, in bytes.
const MAX_KEPT: usize = 64 << 20;

/// What goes on after a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    /// The call has ended with OK.
    End,
}

/// Which message `request` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// None has come: an empty one stands for it.
    Nothing,
    /// The one in the call's receive buffer.
    Frame,
    /// The one kept by the session.
    Kept,
}

/// The rounds of a loop that are left.
#[derive(Debug)]
enum Rounds {
    Count { next: i64, end: i64 },
    Elements(std::vec::IntoIter<Value<'static>>),
}

/// One call, answered by rules.
#[derive(Debug)]
pub(super) struct Session<'r> {
    rules: &'r MethodRules,
    pub(super) picked: Picked,
    pub(super) at: At,
    pub(super) received: u64,
    /// All messages so far, if some program reads them.
    pub(super) requests: Vec<Bytes>,
    requests_size: usize,
    /// The message that [`At::Kept`] means.
    kept: Vec<u8>,
    state: Vec<Value<'static>>,
    locals: Vec<Value<'static>>,
    loops: Vec<Rounds>,
    facts: CallFacts,
    /// A log line on its way; kept for its memory.
    line: String,
    listener: Option<Listener>,
}

impl<'r> Session<'r> {
    pub(super) fn new(rules: &'r MethodRules, call: &Call) -> Self {
        let facts = if rules.uses.volatile {
            CallFacts {
                method: rules.method.name().to_owned(),
                peer: call
                    .peer()
                    .map(|peer| peer.addr().to_string())
                    .unwrap_or_default(),
                id: call.id(),
            }
        } else {
            CallFacts::default()
        };
        Self {
            rules,
            picked: rules.picker.picked(),
            at: At::Nothing,
            received: 0,
            requests: Vec::new(),
            requests_size: 0,
            kept: Vec::new(),
            state: Vec::new(),
            locals: Vec::new(),
            loops: Vec::new(),
            facts,
            line: String::new(),
            listener: None,
        }
    }

    /// What expressions read now.
    #[inline]
    pub(super) fn env<'e>(&'e self, frame: &'e [u8], metadata: &'e HeaderMap) -> Env<'e> {
        let request = match self.at {
            At::Frame => frame,
            At::Kept => &self.kept,
            At::Nothing => &[],
        };
        Env {
            layouts: self.rules.method.layouts(),
            request: Some((request, &self.picked)),
            requests: &self.requests,
            received: self.received,
            metadata,
            state: &self.state,
            locals: &self.locals,
            call: &self.facts,
        }
    }

    /// Checks the message that has just come, and picks the fields that the rules read.
    #[inline]
    pub(super) fn admit(&mut self, call: &mut Call) -> Result<(), Status> {
        let max_elements = call.max_elements();
        let (bytes, _) = call.frame();
        check_and_pick(
            self.rules.method.layouts(),
            &self.rules.picker,
            bytes,
            max_elements,
            &mut self.picked,
        )
        .map_err(MessageError::from)?;
        self.received += 1;
        self.at = At::Frame;
        if self.rules.uses.requests {
            self.collect(call.frame_bytes())?;
        }
        Ok(())
    }

    fn collect(&mut self, message: Bytes) -> Result<(), Status> {
        // An empty message takes its place in the list too.
        self.requests_size += message.len() + size_of::<Bytes>();
        if self.requests_size > MAX_KEPT {
            return Err(Status::resource_exhausted(format!(
                "the call's messages take more than {MAX_KEPT} bytes, and a rule reads all of them"
            )));
        }
        self.requests.push(message);
        Ok(())
    }

    /// Makes a message of an earlier event the one at hand.
    pub(super) fn take_up(&mut self, message: &[u8], max_elements: u32) -> Result<(), Status> {
        self.kept.clear();
        self.kept.extend_from_slice(message);
        self.at = At::Kept;
        check_and_pick(
            self.rules.method.layouts(),
            &self.rules.picker,
            message,
            max_elements,
            &mut self.picked,
        )
        .map_err(MessageError::from)?;
        Ok(())
    }

    /// Answers the call by `rule`. `first` says whether its first message is at hand already, and `all` whether
    /// all of them have come: they are in `requests` then.
    pub(super) async fn answer(
        &mut self,
        rule: &'r Rule,
        call: &mut Call,
        first: bool,
        all: bool,
    ) -> Result<(), Status> {
        if self.rules.rule_header
            && let Some(headers) = call.headers_mut()
        {
            headers.insert("protod-rule", rule.header.clone());
        }
        if !rule.state.is_empty() {
            self.begin_state(rule, call)?;
        }
        if !rule.signals.is_empty() {
            self.listener = Some(
                self.rules
                    .state
                    .listen(rule.signals.iter().map(|signal| Arc::clone(&signal.name))),
            );
        }
        if self.run(rule, &rule.open, call).await? == Flow::End {
            return Ok(());
        }
        if !rule.timers.is_empty() || !rule.signals.is_empty() {
            return self.answer_timed(rule, call, first, all).await;
        }
        if all {
            return self.replay(rule, call).await.map(drop);
        }
        let mut at_hand = first;
        while at_hand || self.next(rule, call).await? {
            at_hand = false;
            if self.run(rule, &rule.message, call).await? == Flow::End {
                return Ok(());
            }
        }
        self.half_closed(rule, call).await.map(drop)
    }

    /// Waits for the next message and admits it; `false` at half-close.
    #[inline]
    async fn next(&mut self, rule: &Rule, call: &mut Call) -> Result<bool, Status> {
        if rule.keeps_last {
            self.keep_frame(call);
        }
        if !call.next_frame().await? {
            return Ok(false);
        }
        self.admit(call)?;
        Ok(true)
    }

    /// Keeps the message at hand for events that come after it, before the receive buffer moves on.
    fn keep_frame(&mut self, call: &mut Call) {
        if self.at == At::Frame {
            let (bytes, _) = call.frame();
            self.kept.clear();
            self.kept.extend_from_slice(bytes);
            self.at = At::Kept;
        }
    }

    async fn half_closed(&mut self, rule: &'r Rule, call: &mut Call) -> Result<Flow, Status> {
        if self.at == At::Frame {
            // Nobody reads it: `keeps_last` would have kept it.
            self.at = At::Nothing;
        }
        self.run(rule, &rule.half_close, call).await
    }

    /// Messages that were waited for before the rule was chosen.
    async fn replay(&mut self, rule: &'r Rule, call: &mut Call) -> Result<Flow, Status> {
        let messages = self.requests.clone();
        let max_elements = call.max_elements();
        for (message, received) in messages.iter().zip(1..) {
            self.take_up(message, max_elements)?;
            self.received = received;
            if self.run(rule, &rule.message, call).await? == Flow::End {
                return Ok(Flow::End);
            }
        }
        self.half_closed(rule, call).await
    }

    /// The same, for rules with timers or signals.
    async fn answer_timed(
        &mut self,
        rule: &'r Rule,
        call: &mut Call,
        first: bool,
        all: bool,
    ) -> Result<(), Status> {
        let mut timers = self.begin_timers(rule, call)?;
        let mut open = true;
        let mut at_hand = first;
        if all {
            open = false;
            if self.replay(rule, call).await? == Flow::End || rule_ends(self.rules) {
                return Ok(());
            }
        }
        loop {
            if at_hand {
                at_hand = false;
                if self.run(rule, &rule.message, call).await? == Flow::End {
                    return Ok(());
                }
            }
            if rule.keeps_last {
                self.keep_frame(call);
            }
            call.publish();
            let due = timers
                .iter()
                .enumerate()
                .filter_map(|(at, due)| Some(((*due)?, at)))
                .min();
            let flow = tokio::select! {
                next = call.next_frame(), if open => {
                    if next? {
                        self.admit(call)?;
                        at_hand = true;
                        Flow::Continue
                    } else {
                        open = false;
                        match self.half_closed(rule, call).await? {
                            Flow::Continue if !rule_ends(self.rules) => Flow::Continue,
                            _ => Flow::End,
                        }
                    }
                }
                () = sleep_until(due.map(|(due, _)| due)) => {
                    let at = due.expect("without a timer this sleeps for ever").1;
                    let timer = &rule.timers[at];
                    timers[at] = if timer.repeats { self.following(rule, at, timers[at], call)? } else { None };
                    self.run(rule, &timer.plan, call).await?
                }
                signal = heard(&mut self.listener) => {
                    let wanted = match (&rule.key, &signal.key) {
                        (Some(text), Some(key)) => {
                            let mut own = String::new();
                            let (frame, metadata, _) = call.at_hand();
                            text.write(&self.env(frame, metadata), &mut own)
                                .map_err(|error| failed(rule, &format!("`key`: {error}")))?;
                            own == **key
                        }
                        (None, Some(_)) => false,
                        (_, None) => true,
                    };
                    match rule.signals.iter().find(|plan| plan.name == signal.name) {
                        Some(plan) if wanted => self.run(rule, &plan.plan, call).await?,
                        _ => Flow::Continue,
                    }
                }
            };
            if flow == Flow::End {
                return Ok(());
            }
        }
    }

    fn begin_timers(
        &self,
        rule: &Rule,
        call: &mut Call,
    ) -> Result<Vec<Option<tokio::time::Instant>>, Status> {
        (0..rule.timers.len())
            .map(|at| self.following(rule, at, None, call))
            .collect()
    }

    /// When a timer is due next. A late one does not catch up: it goes on from now.
    fn following(
        &self,
        rule: &Rule,
        at: usize,
        last: Option<tokio::time::Instant>,
        call: &mut Call,
    ) -> Result<Option<tokio::time::Instant>, Status> {
        let (frame, metadata, _) = call.at_hand();
        let pause = rule.timers[at].pause.duration(&self.env(frame, metadata));
        let pause = pause.map_err(|message| failed(rule, &message))?;
        let now = tokio::time::Instant::now();
        let next = last
            .and_then(|last| last.checked_add(pause))
            .filter(|next| *next > now);
        Ok(next.or_else(|| now.checked_add(pause)))
    }

    fn begin_state(&mut self, rule: &Rule, call: &mut Call) -> Result<(), Status> {
        self.state.reserve(rule.state.len());
        let (frame, metadata, _) = call.at_hand();
        for source in &rule.state {
            let value = source.value(&self.env(frame, metadata));
            self.state
                .push(value.map_err(|error| failed(rule, &format!("`state`: {error}")))?);
        }
        Ok(())
    }

    /// Runs the steps of one event.
    async fn run(&mut self, rule: &'r Rule, plan: &'r Plan, call: &mut Call) -> Result<Flow, Status> {
        let mut at = 0;
        while let Some(op) = plan.ops.get(at) {
            at += 1;
            match op {
                Op::Send(template) => {
                    let (frame, metadata, mut frames) = call.at_hand();
                    let env = self.env(frame, metadata);
                    frames
                        .write(|buffer| template.write(&env, buffer))
                        .map_err(|misfit| misfit_status(rule, misfit))?;
                    call.written().await;
                }
                Op::Set(assignments) => self.set(rule, assignments, call)?,
                Op::Log(text) => {
                    if tracing::enabled!(target: "protod::rules", tracing::Level::INFO) {
                        let mut line = std::mem::take(&mut self.line);
                        line.clear();
                        let (frame, metadata, _) = call.at_hand();
                        text.write(&self.env(frame, metadata), &mut line)
                            .map_err(|error| failed(rule, &format!("`log`: {error}")))?;
                        tracing::info!(target: "protod::rules", "{line}");
                        self.line = line;
                    }
                }
                Op::Jump(to) => at = *to,
                Op::Unless { condition, to } => {
                    let (frame, metadata, _) = call.at_hand();
                    let held = condition.eval(&self.env(frame, metadata));
                    match held.map_err(|error| failed(rule, &format!("`when`: {error}")))? {
                        Value::Bool(true) => {}
                        Value::Bool(false) => at = *to,
                        other => {
                            return Err(failed(
                                rule,
                                &format!("`when` gave {}, no boolean", shown(&other)),
                            ));
                        }
                    }
                }
                Op::Repeat { .. } | Op::Each { .. } => {
                    if let Some(end) = self.begin_loop(rule, op, call)? {
                        at = end;
                    }
                }
                Op::Next { body, every } => {
                    if self.next_round() {
                        at = *body;
                        if let Some(every) = every {
                            self.pause(rule, every, call).await?;
                        }
                    }
                }
                Op::Wait(pause) => self.pause(rule, pause, call).await?,
                Op::Headers(metadata) => self.headers(rule, metadata, call)?,
                Op::Trailers(trailers) => {
                    // Taken out, because the values may read the call's own metadata.
                    let mut map = std::mem::take(call.trailers_mut());
                    let (frame, metadata, _) = call.at_hand();
                    let written = trailers.write(&self.env(frame, metadata), &mut map);
                    *call.trailers_mut() = map;
                    written.map_err(|message| failed(rule, &format!("`trailers`: {message}")))?;
                }
                Op::FlushHeaders => call.flush_headers(),
                Op::Status(status) => {
                    let (frame, metadata, _) = call.at_hand();
                    let status = status.status(&self.env(frame, metadata));
                    let status = status.map_err(|message| failed(rule, &format!("`status`: {message}")))?;
                    return if status.code() == tonic::Code::Ok {
                        Ok(Flow::End)
                    } else {
                        Err(status)
                    };
                }
                Op::Signal(step) => self.signal(rule, step, call)?,
            }
        }
        Ok(Flow::Continue)
    }

    #[inline]
    fn set(&mut self, rule: &Rule, assignments: &[Assignment], call: &mut Call) -> Result<(), Status> {
        let wrong = |assignment: &Assignment, message: &str| {
            failed(rule, &format!("`set` of {}: {message}", assignment.name))
        };
        let (frame, metadata, _) = call.at_hand();
        if let [only] = assignments {
            let value = only.value.value(&self.env(frame, metadata));
            let value = value.map_err(|error| wrong(only, &error.message))?;
            self.state[only.variable] =
                fit(&only.variable_type, value).map_err(|message| wrong(only, &message))?;
            return Ok(());
        }
        let env = self.env(frame, metadata);
        let values = assignments.iter().map(|assignment| {
            let value = assignment
                .value
                .value(&env)
                .map_err(|error| wrong(assignment, &error.message))?;
            fit(&assignment.variable_type, value).map_err(|message| wrong(assignment, &message))
        });
        let values = values.collect::<Result<Vec<_>, Status>>()?;
        for (assignment, value) in assignments.iter().zip(values) {
            self.state[assignment.variable] = value;
        }
        Ok(())
    }

    /// Begins a loop; gives where it ends if it has no rounds.
    fn begin_loop(&mut self, rule: &Rule, op: &Op, call: &mut Call) -> Result<Option<usize>, Status> {
        let (frame, metadata, _) = call.at_hand();
        let env = self.env(frame, metadata);
        let wrong = |error: EvalError| failed(rule, &error.message);
        let (mut rounds, end) = match op {
            Op::Repeat { count, end } => {
                let count = count.value(&env).map_err(wrong)?;
                let rounds = match &count {
                    Value::Int(count) if *count >= 0 => Some(*count),
                    Value::Uint(count) => i64::try_from(*count).ok(),
                    _ => None,
                };
                let rounds =
                    rounds.ok_or_else(|| failed(rule, &format!("`repeat`: {} rounds", shown(&count))))?;
                (Rounds::Count { next: 0, end: rounds }, *end)
            }
            Op::Each { list, end } => {
                let elements: Vec<Value<'static>> = match list.eval(&env).map_err(wrong)? {
                    Value::List(items) => items.into_iter().map(Value::into_owned).collect(),
                    Value::Map(entries) => entries.into_iter().map(|(key, _)| key.into_owned()).collect(),
                    other => return Err(failed(rule, &format!("`each`: {} is no list", shown(&other)))),
                };
                (Rounds::Elements(elements.into_iter()), *end)
            }
            _ => return Ok(None),
        };
        match rounds.next() {
            None => Ok(Some(end)),
            Some(first) => {
                self.locals.push(first);
                self.loops.push(rounds);
                Ok(None)
            }
        }
    }

    /// Goes on to the next round of the innermost loop; `false` if that was the last.
    #[inline]
    fn next_round(&mut self) -> bool {
        let next = self.loops.last_mut().and_then(Rounds::next);
        if let (Some(value), Some(local)) = (next, self.locals.last_mut()) {
            *local = value;
            return true;
        }
        self.loops.pop();
        self.locals.pop();
        false
    }

    async fn pause(&self, rule: &Rule, pause: &super::pause::Pause, call: &mut Call) -> Result<(), Status> {
        let (frame, metadata, _) = call.at_hand();
        let duration = pause
            .duration(&self.env(frame, metadata))
            .map_err(|message| failed(rule, &message))?;
        call.publish();
        tokio::time::sleep(duration).await;
        Ok(())
    }

    fn headers(
        &self,
        rule: &Rule,
        headers: &super::metadata::Metadata,
        call: &mut Call,
    ) -> Result<(), Status> {
        let Some(map) = call.headers_mut() else {
            return Err(failed(rule, "`headers`: they are sent already"));
        };
        let mut map = std::mem::take(map);
        let (frame, metadata, _) = call.at_hand();
        let written = headers.write(&self.env(frame, metadata), &mut map);
        if let Some(place) = call.headers_mut() {
            *place = map;
        }
        written.map_err(|message| failed(rule, &format!("`headers`: {message}")))
    }

    fn signal(&mut self, rule: &Rule, step: &SignalStep, call: &mut Call) -> Result<(), Status> {
        let (frame, metadata, _) = call.at_hand();
        let env = self.env(frame, metadata);
        let text = |text: &super::text::Text| {
            let mut out = String::new();
            text.write(&env, &mut out)
                .map(|()| out)
                .map_err(|error| failed(rule, &format!("`signal`: {error}")))
        };
        let name = text(&step.name)?;
        let key = step.key.as_ref().map(text).transpose()?;
        let own = self.listener.as_ref().map(Listener::id);
        self.rules.state.raise(&name, key.as_deref(), own);
        Ok(())
    }
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

/// Whether half-close ends a call that has timers or signals. A method that takes one message is half-closed from
/// the start, so there a step has to end the call.
fn rule_ends(rules: &MethodRules) -> bool {
    rules.method.is_client_streaming()
}

async fn sleep_until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn heard(listener: &mut Option<Listener>) -> super::state::Signal {
    match listener {
        Some(listener) => match listener.signals.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

fn misfit_status(rule: &Rule, misfit: Misfit) -> Status {
    match misfit {
        Misfit::Transport(status) => *status,
        other => failed(rule, &other.to_string()),
    }
}

/// What a call ends with when its values do not fit its rule.
pub(super) fn failed(rule: &Rule, message: &str) -> Status {
    Status::internal(format!("rule {}: {message}", rule.name))
}

fn shown(value: &Value<'_>) -> Cow<'static, str> {
    match value {
        Value::Null => "null".into(),
        other => {
            let mut text = String::new();
            other.write_text(&mut text);
            text.into()
        }
    }
}
