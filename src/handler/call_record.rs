//! What is noted of a call while it runs: for its line in the log, and for the journal.
//!
//! There is one record of a call, in one allocation, which its handler, the layers around it and the response share. Where
//! nobody asks for calls, none is made.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use tonic::{Code, Status};
use tracing::Span;

use super::outcome::Outcome;
use super::peer::{Peer, PeerAddr};
use super::steering::Steering;
use super::turn_clock::call_begins;
use crate::excerpt::excerpt;
use crate::journal::{Counts, Direction, EntryBytes, Facts, Headers, Log, PeerFact, Recording, Redaction};
use crate::metrics::{Counted, MethodCounters};
use crate::schema::Method;
use crate::session::Session;
use crate::trace::{CallTrace, Span as TraceSpan, TraceIds};

/// A call, as its record begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallBegin<'c> {
    /// The path that was asked for.
    pub(crate) path: &'c str,
    /// The method, once it is known.
    pub(crate) method: Option<&'c Arc<Method>>,
    /// As the log names it.
    pub(crate) protocol: &'static str,
    pub(crate) peer: Option<&'c Peer>,
    /// The headers of the request.
    pub(crate) headers: &'c HeaderMap,
    /// Its session, if it is known to be of one.
    pub(crate) session: Option<&'c Session>,
    /// The number of the generation that answers.
    pub(crate) generation: u64,
    /// Where it is counted. `None` if calls are not counted.
    pub(crate) counters: Option<&'c Arc<MethodCounters>>,
}

/// What is noted of a call while it runs.
#[derive(Debug)]
pub(crate) struct CallRecord {
    id: u64,
    /// What was asked for, if that may be no method.
    path: Option<Box<str>>,
    method: OnceLock<Arc<Method>>,
    session: OnceLock<Session>,
    pub(super) protocol: &'static str,
    pub(super) peer: Option<Peer>,
    pub(super) began: Instant,
    /// Whether the log hears of the call.
    pub(super) is_logged: bool,
    /// The span of the handler, if it is enabled.
    pub(super) span: OnceLock<Span>,
    answer: Mutex<Answer>,
    is_unmatched: AtomicBool,
    /// Whether it was refused before it had a handler, for instance because there is no such method.
    is_refused: AtomicBool,
    requests: AtomicU64,
    request_bytes: AtomicU64,
    responses: AtomicU64,
    response_bytes: AtomicU64,
    /// How many messages others than the handler have sent.
    pushed: AtomicU64,
    /// The number of the generation that answers.
    generation: u64,
    pub(super) start: SystemTime,
    /// What the journal keeps. `None` if there is none.
    recording: Option<Recording>,
    /// Whether it stands among the calls in flight.
    is_open: AtomicBool,
    counters: Option<Arc<MethodCounters>>,
    /// `None` if it belongs to no trace.
    trace: Option<Box<CallTrace>>,
    /// Whether its end was told.
    is_over: AtomicBool,
    /// How long it took, in nanoseconds, once it is over.
    took: AtomicU64,
    /// What others want of it while it is in flight.
    pub(super) steering: Steering,
}

/// What answers a call, and how it ends.
#[derive(Debug, Default)]
struct Answer {
    /// The name of the rule.
    rule: Option<Arc<str>>,
    /// How the handler has ended.
    outcome: Option<Outcome>,
    /// What the client has been told in the place of that.
    told: Option<Outcome>,
}

impl CallRecord {
    pub(super) fn new(
        id: u64,
        begin: CallBegin<'_>,
        is_logged: bool,
        journal: Option<&Arc<Log>>,
        trace: Option<Box<CallTrace>>,
    ) -> Self {
        let (began, start) = call_begins();
        let record = |journal| Recording::new(journal, began, begin.headers);
        Self {
            id,
            path: begin.method.is_none().then(|| method_of(begin.path).into()),
            method: begin
                .method
                .map(Arc::clone)
                .map_or_else(OnceLock::new, OnceLock::from),
            session: begin.session.cloned().map_or_else(OnceLock::new, OnceLock::from),
            protocol: begin.protocol,
            peer: begin.peer.cloned(),
            began,
            is_logged,
            span: OnceLock::new(),
            answer: Mutex::default(),
            is_unmatched: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            request_bytes: AtomicU64::new(0),
            responses: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            pushed: AtomicU64::new(0),
            generation: begin.generation,
            start,
            recording: journal.map(record),
            is_open: AtomicBool::new(false),
            counters: begin.counters.map(Arc::clone),
            trace,
            is_over: AtomicBool::new(false),
            took: AtomicU64::new(0),
            steering: Steering::default(),
        }
    }

    /// The number of the call.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The name of its method, or what was asked for in its place.
    pub(super) fn method(&self) -> &str {
        let known = self.method.get().map(|method| method.name());
        known.or(self.path.as_deref()).unwrap_or_default()
    }

    /// Its method, once it is known.
    pub(crate) fn descriptor(&self) -> Option<&Arc<Method>> {
        self.method.get()
    }

    /// Its place in a trace, if it has one.
    pub(super) fn trace(&self) -> Option<&TraceIds> {
        self.trace.as_ref().map(|trace| &trace.ids)
    }

    /// Notes its method.
    pub(super) fn is_of(&self, method: &Arc<Method>) {
        self.method.get_or_init(|| Arc::clone(method));
    }

    /// Notes its session, if it is of one.
    pub(crate) fn is_of_session(&self, session: Option<&Session>) {
        if let Some(session) = session {
            self.session.get_or_init(|| session.clone());
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.get()
    }

    fn answer(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which rule answers.
    pub(super) fn answered_by(&self, rule: &Arc<str>) {
        self.answer().rule.get_or_insert_with(|| Arc::clone(rule));
    }

    /// How long it took, once it is over.
    pub(super) fn took(&self) -> Duration {
        Duration::from_nanos(self.took.load(Ordering::Relaxed))
    }

    /// Notes what the client has sent.
    pub(super) fn received(&self, messages: u64, bytes: u64) {
        self.requests.store(messages, Ordering::Relaxed);
        self.request_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Notes how many messages the handler has sent, at least.
    pub(super) fn sent(&self, messages: u64) {
        self.responses.fetch_max(messages, Ordering::Relaxed);
    }

    /// Notes a message that others than the handler have sent.
    pub(super) fn pushed(&self, message: &[u8]) {
        self.pushed.fetch_add(1, Ordering::Relaxed);
        self.message(Direction::Response, message);
    }

    /// Notes bytes that the transport was given.
    pub(super) fn sent_bytes(&self, bytes: usize) {
        self.response_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            requests: count(&self.requests),
            request_bytes: count(&self.request_bytes),
            responses: count(&self.responses) + count(&self.pushed),
            response_bytes: count(&self.response_bytes),
        }
    }

    /// Notes what the client is told in the place of the outcome of the handler. Who tells it last has the last word.
    pub(crate) fn told(&self, status: &Status) {
        let told = (status.code() != Code::Ok).then_some(status);
        self.answer().told = Some(Outcome::of(told));
    }

    /// Notes that it was refused before it had a handler. `is_unmatched` is whether nothing answers its method.
    pub(crate) fn refused(&self, status: &Status, is_unmatched: bool) {
        self.is_unmatched.store(is_unmatched, Ordering::Relaxed);
        self.is_refused.store(true, Ordering::Relaxed);
        self.answer()
            .outcome
            .get_or_insert_with(|| Outcome::of(Some(status)));
    }

    /// Notes how the handler has ended, unless that is known already.
    pub(super) fn ended(&self, result: &Result<(), Status>, responses: u64, is_unmatched: bool) {
        self.sent(responses);
        if is_unmatched {
            self.is_unmatched.store(true, Ordering::Relaxed);
        }
        self.answer()
            .outcome
            .get_or_insert_with(|| Outcome::of(result.as_ref().err()));
    }

    /// How the handler has ended, if that is known.
    pub(super) fn code(&self) -> Option<Code> {
        self.answer().outcome.as_ref().map(|outcome| outcome.code)
    }

    /// Whether its end was told.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(super) fn is_unmatched(&self) -> bool {
        self.is_unmatched.load(Ordering::Relaxed)
    }

    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Calls `tell` with what the client was told, as far as is known, and the rule that answered.
    pub(super) fn with_end<T>(&self, tell: impl FnOnce(&Outcome, Option<&Arc<str>>) -> T) -> T {
        let answer = self.answer();
        let rule = answer.rule.as_ref();
        match answer.told.as_ref().or(answer.outcome.as_ref()) {
            Some(outcome) => tell(outcome, rule),
            None => tell(&Outcome::lost(), rule),
        }
    }

    /// Its handler runs again.
    #[inline]
    pub(super) fn turn_begins(&self) {
        if let Some(recording) = &self.recording {
            recording.turn_begins();
        }
    }

    /// What the journal does not show. `None` if there is none.
    pub(super) fn redaction(&self) -> Option<Arc<Redaction>> {
        Some(self.recording.as_ref()?.redaction())
    }

    /// Whether the journal keeps its messages.
    pub(super) fn keeps_messages(&self) -> bool {
        self.recording.is_some()
    }

    /// Keeps a message. Returns whether the next one may be kept.
    pub(super) fn message(&self, direction: Direction, message: &[u8]) -> bool {
        let recording = self.recording.as_ref();
        recording.is_some_and(|recording| recording.message(direction, message))
    }

    /// Keeps headers of the response, or trailers.
    pub(super) fn headers(&self, which: Headers, headers: &HeaderMap) {
        if let Some(recording) = &self.recording {
            recording.headers(which, headers);
        }
    }

    /// Notes that it waits for something. Returns whether that is news.
    pub(super) fn becomes_open(&self) -> bool {
        if self.is_open.load(Ordering::Relaxed) || self.is_open.swap(true, Ordering::Relaxed) {
            return false;
        }
        if let Some(recording) = &self.recording {
            recording.waits();
        }
        true
    }

    /// Notes that it is no longer in flight. Returns whether that is news.
    pub(super) fn was_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed) && self.is_open.swap(false, Ordering::Relaxed)
    }

    /// What others want of it while it is in flight.
    pub(crate) fn steering(&self) -> &Steering {
        &self.steering
    }

    /// Tells of its end, which is now, in the journal, the metrics and its trace, unless that has been done. Returns whether it was
    /// done now.
    pub(super) fn end(&self, now: Instant) -> bool {
        if self.is_over.swap(true, Ordering::Relaxed) {
            return false;
        }
        let duration = now.saturating_duration_since(self.began);
        self.took.store(duration.as_nanos() as u64, Ordering::Relaxed);
        self.with_end(|outcome, rule| {
            if let Some(recording) = &self.recording {
                recording.end(&self.facts(outcome, rule, Some(duration)));
            }
            if let Some(counters) = &self.counters {
                counters.add(self.protocol, outcome.code, &self.counted(duration));
            }
            if let Some(trace) = &self.trace {
                self.add_span(trace, outcome, rule, duration);
            }
        });
        true
    }

    fn counted(&self, duration: Duration) -> Counted {
        let counts = self.counts();
        Counted {
            duration,
            requests: counts.requests,
            request_bytes: counts.request_bytes,
            responses: counts.responses,
            response_bytes: counts.response_bytes,
        }
    }

    fn add_span(&self, trace: &CallTrace, outcome: &Outcome, rule: Option<&Arc<str>>, duration: Duration) {
        let Some(sampled) = &trace.sampled else { return };
        sampled.tracer.add(TraceSpan {
            ids: trace.ids,
            state: sampled.state.clone(),
            start: sampled.start,
            duration,
            call: self.id,
            method: self.method().into(),
            is_known_method: self.method.get().is_some(),
            protocol: self.protocol,
            peer: match self.peer.as_ref().map(Peer::addr) {
                Some(PeerAddr::Tcp(addr)) => Some(*addr),
                _ => None,
            },
            rule: rule.cloned(),
            code: outcome.code,
            message: outcome.message.as_str().into(),
        });
    }

    /// An entry of the call as it is now. `None` if it has ended.
    pub(crate) fn entry(&self) -> Option<EntryBytes> {
        let outcome = Outcome {
            code: Code::Unknown,
            message: String::new(),
            details: Bytes::new(),
        };
        let answer = self.answer();
        let facts = self.facts(&outcome, answer.rule.as_ref(), None);
        match &self.recording {
            Some(recording) => recording.entry(&facts),
            None => self.is_open.load(Ordering::Relaxed).then(|| {
                let mark = self.session().map_or(0, |session| session.mark().number());
                facts.entry_without_events(mark)
            }),
        }
    }

    fn facts<'c>(
        &'c self,
        outcome: &'c Outcome,
        rule: Option<&'c Arc<str>>,
        duration: Option<Duration>,
    ) -> Facts<'c> {
        Facts {
            id: self.id,
            generation: self.generation,
            start: self.start,
            duration,
            code: outcome.code,
            is_unmatched: self.is_unmatched(),
            counts: self.counts(),
            session: self.session(),
            protocol: self.protocol,
            method: self.method(),
            peer: match self.peer.as_ref().map(Peer::addr) {
                None => PeerFact::Unknown,
                Some(PeerAddr::Tcp(addr)) => PeerFact::Address(*addr),
                #[cfg(unix)]
                Some(PeerAddr::Unix) => PeerFact::Name("unix:"),
                Some(PeerAddr::Other(name)) => PeerFact::Name(name),
            },
            trace: self.trace().copied(),
            rule: rule.map_or("", |rule| rule),
            message: &outcome.message,
            details: &outcome.details,
        }
    }
}

/// The name of the method that a path asks for.
pub(super) fn method_of(path: &str) -> String {
    excerpt(path.strip_prefix('/').unwrap_or(path)).into_owned()
}
