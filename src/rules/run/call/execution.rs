//! The state of one call.
//!
//! An execution owns the messages, the variables and the loops of a call. Its events come one at a time, in order: open, each
//! message, half-close, and between them timers and signals. One pass over the bytes of each message checks them and picks
//! the fields that the rules read.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use tonic::Status;

use super::loops::Loops;
use super::messages::Messages;
use super::shared_set::SharedSet;
use super::variables::Variables;
use super::written::Writing;
use crate::cel::{Budget, CallFacts, Env, EvalError, Reads, Store};
use crate::excerpt::cut_at;
use crate::handler::{Call, Lane, MessageWriter};
use crate::message::Bounds;
use crate::rules::plan::{Answer, Rule, Text};
use crate::rules::run::method::MethodRules;
use crate::rules::run::shared::signals::Listener;
use crate::rules::run::shared::state::RulesState;
use crate::rules::run::shared::tallies::Tallies;
use crate::rules::run::write::template::LoopCache;

/// How long a line is that a rule logs, in bytes. What writes lines keeps the longest one in memory, on each thread.
const LONGEST_LINE: usize = 64 << 10;

/// One call, answered by rules.
#[derive(Debug)]
pub(in crate::rules::run) struct Execution<'r> {
    rules: &'r MethodRules,
    /// What it counts by and shares with others, if it is a call of a session, and the rules are not the session's own.
    own_tallies: Option<Arc<Tallies>>,
    messages: Messages<'r>,
    variables: Variables,
    loops: Loops,
    /// The bytes that loops have written for the current message.
    cache: LoopCache,
    facts: CallFacts,
    /// Whether log lines of rules are recorded, as of the begin of the call.
    logs: bool,
    /// The buffer for log lines, kept to be reused.
    line: String,
    listener: Option<Listener>,
    /// What it writes to collections.
    pub(super) writing: Option<Box<Writing>>,
    /// Whether it has written to a collection what is not known to be stored.
    pub(super) has_uncommitted: bool,
    /// How far a `set` has come whose variables servers share.
    pub(super) shared_set: Option<Box<SharedSet>>,
    /// Whether the store has what other servers had set when the call began.
    pub(super) has_seen_store: bool,
    /// Why a message is refused that came before the rule was chosen, unless the rule takes it.
    refused: Option<Status>,
    /// Whether messages are validated, as far as the rules say that have passed the call on.
    validates: bool,
    /// Whether the call has one request, which is to be validated and was not received yet.
    awaits_validation: bool,
    /// Held while a slow evaluation runs.
    pub(super) lane: Option<Lane>,
}

impl<'r> Execution<'r> {
    pub(in crate::rules::run) fn new(rules: &'r MethodRules, call: &Call) -> Self {
        let facts = if rules.uses.volatile {
            CallFacts {
                method: rules.method.name().to_owned(),
                peer: call
                    .peer()
                    .map(|peer| peer.addr().to_string())
                    .unwrap_or_default(),
                id: call.id(),
                seed: rules.settings.seed,
                ..CallFacts::default()
            }
        } else {
            CallFacts::default()
        };
        facts
            .budget
            .refill(Self::slice(rules.settings.max_expression_cost));
        Self {
            rules,
            own_tallies: call
                .session()
                .filter(|_| rules.settings.session.is_none())
                .map(|session| rules.tallies().of_session(session)),
            messages: Messages::new(rules),
            variables: Variables::default(),
            loops: Loops::default(),
            cache: LoopCache::default(),
            facts,
            logs: tracing::enabled!(target: "protod::rules", tracing::Level::INFO),
            line: String::new(),
            listener: None,
            writing: None,
            has_uncommitted: false,
            shared_set: None,
            has_seen_store: false,
            refused: None,
            validates: true,
            awaits_validation: call.checks_single_request(),
            lane: None,
        }
    }

    /// Makes room for what `answer` needs, and listens to its signals.
    pub(super) fn begin(&mut self, answer: &Answer) {
        if answer.cached > 0 {
            self.cache = LoopCache::new(answer.cached);
        }
        self.variables.reserve(answer.state.len());
        if !answer.signals.is_empty() {
            let names = answer.signals.iter().map(|signal| Arc::clone(&signal.name));
            self.listener = Some(self.state().listen(names));
        }
    }

    /// Notes how many calls the rule has answered, this one included.
    pub(in crate::rules::run) fn set_count(&mut self, count: u64) {
        self.facts.count = count;
    }

    /// What the call counts by.
    #[inline]
    pub(in crate::rules::run) fn tallies(&self) -> &Tallies {
        self.own_tallies.as_deref().unwrap_or(self.rules.tallies())
    }

    /// What the call shares with others.
    #[inline]
    pub(super) fn state(&self) -> &RulesState {
        self.tallies().state()
    }

    #[inline]
    pub(super) fn rules(&self) -> &'r MethodRules {
        self.rules
    }

    /// Calls `read` with what expressions read now, and with the writer of responses.
    #[inline]
    pub(in crate::rules::run) fn with_env<T>(
        &self,
        call: &mut Call,
        read: impl FnOnce(&Env<'_>, MessageWriter<'_>) -> T,
    ) -> T {
        let (frame, metadata, writer) = call.split_mut();
        let (shared, none);
        let store: &Store = if self.rules.uses.store {
            shared = self.state().store();
            &shared
        } else {
            none = &self.rules.no_store;
            none
        };
        read(&self.env(frame, metadata, store), writer)
    }

    /// What expressions read now.
    #[inline]
    pub(super) fn env<'e>(&'e self, frame: &'e [u8], metadata: &'e HeaderMap, store: &'e Store) -> Env<'e> {
        Env {
            layouts: self.messages.layouts(),
            request: Some(self.messages.request(frame)),
            requests: self.messages.all(),
            received: self.messages.received(),
            metadata,
            state: self.variables.values(),
            store,
            collections: if self.rules.uses.collections {
                self.tallies().collections()
            } else {
                &[]
            },
            locals: self.loops.locals(),
            round: None,
            call: &self.facts,
        }
    }

    #[inline]
    pub(super) fn variables(&mut self) -> &mut Variables {
        &mut self.variables
    }

    #[inline]
    pub(super) fn loops(&mut self) -> &mut Loops {
        &mut self.loops
    }

    #[inline]
    pub(super) fn cache(&self) -> &LoopCache {
        &self.cache
    }

    /// Receives signals, if the rule handles any.
    pub(super) fn listener(&mut self) -> Option<&mut Listener> {
        self.listener.as_mut()
    }

    /// Whether `request` is a message that has come, rather than an empty one.
    pub(in crate::rules::run) fn has_request(&self) -> bool {
        self.messages.has_current()
    }

    /// All messages so far; empty unless some expression reads them.
    pub(in crate::rules::run) fn requests(&self) -> &[Bytes] {
        self.messages.all()
    }

    /// Begins an event with another message: what loops have written before is no longer valid.
    #[inline]
    fn begin_event(&mut self) {
        self.cache.forget();
        self.forget_time();
    }

    /// Lets `now` be another instant: an event begins, or goes on after a pause.
    #[inline]
    pub(super) fn forget_time(&mut self) {
        self.facts.now.take();
    }

    /// Checks the message that has just come, and picks the fields that the rules read.
    #[inline]
    pub(in crate::rules::run) fn admit(&mut self, call: &mut Call) -> Result<(), Status> {
        self.begin_event();
        self.messages.admit(call)
    }

    /// Waits for the next message and admits it, before a rule is chosen; `false` at half-close.
    pub(in crate::rules::run) async fn receive(&mut self, call: &mut Call) -> Result<bool, Status> {
        self.awaits_validation = false;
        if !call.next_message().await? {
            return Ok(false);
        }
        self.admit(call)?;
        if self.refused.is_none()
            && let Err(status) = call.check_message().await
        {
            if self.rules.validates_all {
                return Err(status);
            }
            // Whether that matters, the rule says that is to be chosen.
            self.refused = Some(status);
        }
        Ok(true)
    }

    /// Whether the one request must be received and validated before a rule answers. Not before one that ends the call with
    /// an error whatever the request is, unless the rule asks for it.
    pub(in crate::rules::run) fn is_awaited_by(&self, rule: &Rule) -> bool {
        self.awaits_validation && !rule.passes && rule.validate.unwrap_or(self.validates && !rule.refuses())
    }

    /// Whether a rule refuses a message that has come.
    pub(in crate::rules::run) fn is_refused_by(&self, rule: &Rule) -> bool {
        self.refused.is_some() && !rule.passes && rule.validate.unwrap_or(self.validates)
    }

    /// Notes what a rule that passes the call on says of validation.
    pub(super) fn note_validation(&mut self, rule: &Rule) {
        self.validates = rule.validate.unwrap_or(self.validates);
    }

    /// Whether messages are validated, as far as the rules say that have passed the call on.
    pub(in crate::rules::run) fn validates(&self) -> bool {
        self.validates
    }

    /// Fails if a message that has come is refused. `rule` is the one that answers, if one does; the next messages are
    /// validated as it says.
    pub(in crate::rules::run) fn validate_for(
        &mut self,
        rule: Option<&Rule>,
        call: &mut Call,
    ) -> Result<(), Status> {
        if rule.and_then(|rule| rule.validate).unwrap_or(self.validates) {
            return self.refused.take().map_or(Ok(()), Err);
        }
        call.set_checks(false);
        Ok(())
    }

    /// Checks the message that has just come, and picks the fields that `answer` reads.
    #[inline]
    pub(super) fn admit_for(&mut self, answer: &Answer, call: &mut Call) -> Result<(), Status> {
        if self.logs || answer.reads_request {
            return self.admit(call);
        }
        // The rule reads fields only for log lines, which are not recorded.
        self.begin_event();
        self.messages.admit_unread(call)
    }

    /// Makes a message of an earlier event the current one.
    pub(in crate::rules::run) fn take_up(&mut self, message: &[u8], bounds: Bounds) -> Result<(), Status> {
        self.begin_event();
        self.messages.take_up(message, bounds)
    }

    /// Makes a message of an earlier event the current one, as if it had just come as the nth.
    pub(super) fn replay(&mut self, message: &[u8], nth: u64, bounds: Bounds) -> Result<(), Status> {
        self.begin_event();
        self.messages.replay(message, nth, bounds)
    }

    /// Makes these the messages that have come so far.
    pub(in crate::rules::run) fn take_up_all(&mut self, requests: &[Bytes]) {
        self.messages.take_up_all(requests);
    }

    /// From now on `request` is an empty message.
    pub(in crate::rules::run) fn clear_request(&mut self) {
        self.messages.clear();
    }

    /// Copies the current message for events that come after it, before the receive buffer moves on.
    pub(super) fn keep_message(&mut self, call: &mut Call) {
        self.messages.keep_message(call);
    }

    /// Forgets a current message that [`keep_message`](Self::keep_message) did not copy: nothing reads it.
    pub(super) fn drop_frame(&mut self) {
        if self.messages.drop_frame() {
            self.cache.forget();
        }
    }

    /// What evaluations may still cost in this turn.
    #[inline]
    pub(super) fn budget(&self) -> &Budget {
        &self.facts.budget
    }

    /// Whether it may read collections.
    #[inline]
    pub(super) fn reads(&self) -> &Reads {
        &self.facts.reads
    }

    /// What an evaluation may cost.
    pub(super) fn most(&self) -> u64 {
        self.rules.settings.max_expression_cost
    }

    /// Whether log lines of rules are recorded.
    #[inline]
    pub(super) fn logs(&self) -> bool {
        self.logs
    }

    /// Writes a log line.
    #[inline(never)]
    pub(super) fn log(&mut self, text: &Text, call: &mut Call) -> Result<(), EvalError> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.with_env(call, |env, _| text.write(env, &mut line))?;
        if line.len() <= LONGEST_LINE {
            tracing::info!(target: "protod::rules", "{line}");
            self.line = line;
        } else {
            let line = cut_at(&line, line.floor_char_boundary(LONGEST_LINE));
            tracing::info!(target: "protod::rules", "{line}");
        }
        Ok(())
    }
}
