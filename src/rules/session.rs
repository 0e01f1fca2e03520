//! Runs a rule for one call.
//!
//! Events come one at a time, in order: open, each message, half-close, and between them timers and signals. For
//! each message there is one pass that checks its bytes and picks the fields that the rules read; then the plan
//! runs, and writes straight into the frames. Nothing is looked up by name here, and nothing is allocated for a
//! message but what its values need.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::HeaderMap;
use tonic::Status;
use tonic::metadata::AsciiMetadataKey;

use super::MethodRules;
use super::plan::Rule;
use super::run::{Flow, Rounds, Stop, failed};
use super::state::Listener;
use super::template::Memos;
use crate::cel::Store;
use crate::cel::{CallFacts, Env, Value};
use crate::handler::Call;
use crate::message::{Bounds, MessageError, Picked, check, check_and_pick};
use crate::schema::Layouts;

/// Names the rule that answered. Made once: a name given as text is parsed for each call.
static RULE_HEADER: LazyLock<AsciiMetadataKey> =
    LazyLock::new(|| AsciiMetadataKey::from_static("protod-rule"));

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

/// One call, answered by rules.
#[derive(Debug)]
pub(super) struct Session<'r> {
    pub(super) rules: &'r MethodRules,
    /// Those of the rules' method, near at hand.
    layouts: &'r Layouts,
    pub(super) picked: Picked,
    pub(super) at: At,
    pub(super) received: u64,
    /// All messages so far, if some program reads them.
    pub(super) requests: Vec<Bytes>,
    /// The message that [`At::Kept`] means.
    kept: Vec<u8>,
    pub(super) state: Vec<Value<'static>>,
    pub(super) locals: Vec<Value<'static>>,
    pub(super) loops: Vec<Rounds>,
    pub(super) memos: Memos,
    facts: CallFacts,
    /// Whether what rules log goes anywhere, as it was when the call began.
    pub(super) logs: bool,
    /// A log line on its way; kept for its memory.
    pub(super) line: String,
    pub(super) listener: Option<Listener>,
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
                seed: rules.seed,
                ..CallFacts::default()
            }
        } else {
            CallFacts::default()
        };
        Self {
            rules,
            layouts: rules.method.layouts(),
            picked: rules.picker.picked(),
            at: At::Nothing,
            received: 0,
            requests: Vec::new(),
            kept: Vec::new(),
            state: Vec::new(),
            locals: Vec::new(),
            loops: Vec::new(),
            memos: Memos::default(),
            facts,
            logs: tracing::enabled!(target: "protod::rules", tracing::Level::INFO),
            line: String::new(),
            listener: None,
        }
    }

    /// What expressions read now.
    #[inline]
    pub(super) fn env<'e>(&'e self, frame: &'e [u8], metadata: &'e HeaderMap, store: &'e Store) -> Env<'e> {
        let request = match self.at {
            At::Frame => frame,
            At::Kept => &self.kept,
            At::Nothing => &[],
        };
        Env {
            layouts: self.layouts,
            request: Some((request, &self.picked)),
            requests: &self.requests,
            received: self.received,
            metadata,
            state: &self.state,
            store,
            locals: &self.locals,
            call: &self.facts,
        }
    }

    /// Checks the message that has just come, and picks the fields that the rules read.
    #[inline]
    pub(super) fn admit(&mut self, call: &mut Call) -> Result<(), Status> {
        let bounds = call.bounds();
        check_and_pick(
            self.layouts,
            &self.rules.picker,
            call.frame(),
            bounds,
            &mut self.picked,
        )
        .map_err(MessageError::from)?;
        self.admitted(call)
    }

    /// Checks the message that has just come, and picks the fields that `rule` reads.
    #[inline]
    fn admit_for(&mut self, rule: &Rule, call: &mut Call) -> Result<(), Status> {
        if self.logs || rule.reads_request {
            return self.admit(call);
        }
        // It reads them for lines that nobody logs.
        let layout = self.rules.method.input_layout();
        check(self.layouts, layout, call.frame(), call.bounds()).map_err(MessageError::from)?;
        self.admitted(call)
    }

    #[inline]
    fn admitted(&mut self, call: &mut Call) -> Result<(), Status> {
        self.received += 1;
        self.at = At::Frame;
        self.memos.forget();
        if self.rules.uses.requests {
            self.requests.push(call.keep_frame()?);
        }
        Ok(())
    }

    /// Makes a message of an earlier event the one at hand.
    pub(super) fn take_up(&mut self, message: &[u8], bounds: Bounds) -> Result<(), Status> {
        self.kept.clear();
        self.kept.extend_from_slice(message);
        self.at = At::Kept;
        self.memos.forget();
        check_and_pick(
            self.layouts,
            &self.rules.picker,
            message,
            bounds,
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
            headers.insert(&*RULE_HEADER, rule.header.clone());
        }
        if rule.memos > 0 {
            self.memos = Memos::new(rule.memos);
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
            // Boxed, as are the other paths that few calls take: every call's future has room for what is not.
            return Box::pin(self.answer_timed(rule, call, first, all)).await;
        }
        if all {
            return Box::pin(self.replay(rule, call)).await.map(drop);
        }
        let mut at_hand = first;
        while at_hand || self.next(rule, call).await? {
            at_hand = false;
            let mut at = 0;
            // Not `run`: what does not wait is done without another future.
            loop {
                match self.steps(rule, &rule.message, &mut at, call)? {
                    Stop::Done(Flow::End) => return Ok(()),
                    Stop::Done(Flow::Continue) if self.next_at_once(rule, call)? => at = 0,
                    Stop::Done(Flow::Continue) => break,
                    Stop::Wait(wait) => wait.over(call).await,
                }
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
        self.admit_for(rule, call)?;
        Ok(true)
    }

    /// Admits the next message if it has come already.
    #[inline]
    fn next_at_once(&mut self, rule: &Rule, call: &mut Call) -> Result<bool, Status> {
        if rule.keeps_last {
            self.keep_frame(call);
        }
        let more = call.next_frame_at_once();
        if more {
            self.admit_for(rule, call)?;
        }
        Ok(more)
    }

    /// Keeps the message at hand for events that come after it, before the receive buffer moves on.
    pub(super) fn keep_frame(&mut self, call: &mut Call) {
        if self.at == At::Frame {
            self.kept.clear();
            self.kept.extend_from_slice(call.frame());
            self.at = At::Kept;
        }
    }

    pub(super) async fn half_closed(&mut self, rule: &'r Rule, call: &mut Call) -> Result<Flow, Status> {
        if self.at == At::Frame {
            // Nobody reads it: `keeps_last` would have kept it.
            self.at = At::Nothing;
            self.memos.forget();
        }
        self.run(rule, &rule.half_close, call).await
    }

    /// Messages that were waited for before the rule was chosen.
    pub(super) async fn replay(&mut self, rule: &'r Rule, call: &mut Call) -> Result<Flow, Status> {
        let messages = self.requests.clone();
        let bounds = call.bounds();
        for (message, received) in messages.iter().zip(1..) {
            self.take_up(message, bounds)?;
            self.received = received;
            if self.run(rule, &rule.message, call).await? == Flow::End {
                return Ok(Flow::End);
            }
        }
        self.half_closed(rule, call).await
    }

    fn begin_state(&mut self, rule: &Rule, call: &mut Call) -> Result<(), Status> {
        self.state.reserve(rule.state.len());
        for source in &rule.state {
            let value = self.with_env(call, |env, _| source.value(env));
            let value = value.map_err(|error| failed(rule, &format!("`state`: {error}")))?;
            self.state.push(value);
        }
        Ok(())
    }
}
