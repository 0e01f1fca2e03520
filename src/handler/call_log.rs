//! What is told of a call: a span while its handler runs, and a line when it has ended.
//!
//! Whoever ends a call, its handler, a deadline, the client, a panic or a layer, drops what was made here at its start,
//! and that writes the line: one place knows all outcomes. Where nobody listens, nothing is made, which costs a look at an
//! atomic.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use tonic::metadata::AsciiMetadataValue;
use tonic::{Code, Status};
use tracing::field::{Empty, debug, display};
use tracing::span::Entered;
use tracing::{Level, Span};

use super::codes::code_name;
use super::limited_lines::LimitedLines;
use super::peer::Peer;
use crate::excerpt::{cut_at, excerpt};
use crate::protocol::received_status;

/// The target of the span and of the lines.
const TARGET: &str = "protod::call";

/// How much of the message of a status is logged, in bytes. A rule may make it of all that a client sent.
const LONGEST_ERROR: usize = 2048;

/// What a server tells of its calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    /// Whether each call gets a line at info, and not at debug.
    is_on: bool,
    unmatched: LimitedLines,
}

impl CallLog {
    /// `is_on` is whether each call gets a line at info. Without it only those do that no rule answered.
    pub(crate) fn new(is_on: bool) -> Self {
        Self {
            is_on,
            unmatched: LimitedLines::default(),
        }
    }

    /// Whether anybody listens.
    #[inline]
    fn is_heard(&self) -> bool {
        (self.is_on && tracing::enabled!(target: TARGET, Level::INFO))
            || tracing::enabled!(target: TARGET, Level::DEBUG)
    }

    /// Begins to observe a call whose handler starts. `None` if nobody listens.
    #[inline]
    pub(crate) fn observe(
        self: &Arc<Self>,
        method: &str,
        protocol: &'static str,
        peer: Option<&Peer>,
    ) -> Option<Box<Observed>> {
        self.is_heard().then(|| {
            let record = Arc::<CallRecord>::default();
            let report = self.new_report(method, protocol, peer, &record);
            Box::new(Observed::new(method, protocol, peer, record, Some(report)))
        })
    }

    /// Begins to observe a call that goes through layers first, which may answer it without its handler.
    pub(crate) fn report(
        self: &Arc<Self>,
        path: &str,
        protocol: &'static str,
        peer: Option<&Peer>,
    ) -> Option<Box<CallReport>> {
        self.is_heard()
            .then(|| Box::new(self.new_report(&method_of(path), protocol, peer, &Arc::default())))
    }

    fn new_report(
        self: &Arc<Self>,
        method: &str,
        protocol: &'static str,
        peer: Option<&Peer>,
        record: &Arc<CallRecord>,
    ) -> CallReport {
        CallReport {
            log: Arc::clone(self),
            method: method.to_owned(),
            protocol,
            peer: peer.cloned(),
            began: Instant::now(),
            record: Arc::clone(record),
            told: None,
        }
    }

    /// Tells of a call that was refused before it had a handler. `is_unmatched` is whether nothing answers its method.
    #[cold]
    pub(crate) fn refused(
        self: &Arc<Self>,
        path: &str,
        protocol: &'static str,
        peer: Option<&Peer>,
        status: &Status,
        is_unmatched: bool,
    ) {
        if self.is_heard() {
            let report = self.new_report(&method_of(path), protocol, peer, &Arc::default());
            report.record.refused(status, is_unmatched);
        } else if is_unmatched {
            self.unmatched_line(&method_of(path), peer, &Outcome::of(Some(status)), "");
        }
    }

    /// Tells of a call that no rule answered, and that nobody observed.
    #[cold]
    pub(super) fn unmatched(&self, method: &str, peer: Option<&Peer>, result: &Result<(), Status>) {
        self.unmatched_line(method, peer, &Outcome::of(result.as_ref().err()), method);
    }

    /// `kind` is the method, if it is one of the schema, and empty otherwise: lines of a kind are limited.
    fn unmatched_line(&self, method: &str, peer: Option<&Peer>, outcome: &Outcome, kind: &str) {
        if tracing::enabled!(target: TARGET, Level::INFO)
            && let Some(left_out) = self.unmatched.take(kind)
        {
            tracing::info!(
                target: TARGET,
                method = %method,
                code = code_field(outcome),
                error = outcome.error(),
                peer = peer.map(|peer| display(peer.addr())),
                left_out = (left_out > 0).then_some(left_out),
                "no rule answered a call",
            );
        }
    }

    /// Tells of a request that is no call.
    #[cold]
    pub(crate) fn not_a_call(&self, path: &str, peer: Option<&Peer>, status: StatusCode) {
        if !self.is_heard() {
            return;
        }
        let path = excerpt(path);
        let peer = peer.map(|peer| display(peer.addr()));
        if self.is_on {
            tracing::info!(target: TARGET, path = %path, status = status.as_u16(), peer, "a request that is no call");
        } else {
            tracing::debug!(target: TARGET, path = %path, status = status.as_u16(), peer, "a request that is no call");
        }
    }
}

/// The name of the method that a path asks for.
fn method_of(path: &str) -> String {
    excerpt(path.strip_prefix('/').unwrap_or(path)).into_owned()
}

/// What is noted of a call while it runs.
#[derive(Debug, Default)]
pub(crate) struct CallRecord {
    /// The name of the rule that answers.
    rule: OnceLock<AsciiMetadataValue>,
    is_unmatched: AtomicBool,
    /// Whether it was refused before it had a handler, for instance because there is no such method.
    is_refused: AtomicBool,
    outcome: OnceLock<Outcome>,
    /// What a layer has told the client in the place of the handler.
    told: Mutex<Option<Outcome>>,
    requests: AtomicU64,
    request_bytes: AtomicU64,
    responses: AtomicU64,
    response_bytes: AtomicU64,
}

impl CallRecord {
    /// Notes which rule answers.
    pub(super) fn answered_by(&self, rule: &AsciiMetadataValue) {
        self.rule.get_or_init(|| rule.clone());
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

    /// Notes what a layer has told the client in the place of the handler. The outermost has the last word.
    pub(crate) fn told(&self, status: &Status) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Outcome::of(Some(status)));
    }

    /// Notes that it was refused before it had a handler. `is_unmatched` is whether nothing answers its method.
    pub(crate) fn refused(&self, status: &Status, is_unmatched: bool) {
        self.is_unmatched.store(is_unmatched, Ordering::Relaxed);
        self.is_refused.store(true, Ordering::Relaxed);
        self.outcome.get_or_init(|| Outcome::of(Some(status)));
    }
}

/// How a call has ended.
#[derive(Debug)]
struct Outcome {
    code: Code,
    /// The message of a failure.
    message: String,
}

impl Outcome {
    fn of(status: Option<&Status>) -> Self {
        match status {
            Some(status) => Self {
                code: status.code(),
                message: logged(status.message()),
            },
            None => Self {
                code: Code::Ok,
                message: String::new(),
            },
        }
    }

    /// The message of a failure; `None` if it has none.
    fn error(&self) -> Option<&str> {
        (!self.message.is_empty()).then_some(&self.message)
    }
}

/// The message of a status, or its beginning.
fn logged(message: &str) -> String {
    if message.len() <= LONGEST_ERROR {
        return message.to_owned();
    }
    cut_at(message, message.floor_char_boundary(LONGEST_ERROR))
}

fn code_field(outcome: &Outcome) -> tracing::field::DisplayValue<&'static str> {
    display(code_name(outcome.code))
}

/// A call whose handler runs. Dropped when it has ended.
#[derive(Debug)]
pub(crate) struct Observed {
    span: Span,
    began: Instant,
    record: Arc<CallRecord>,
    /// Writes the line. `None` behind layers, at whose edge that is done. Dropped after the span has its values.
    _report: Option<CallReport>,
}

impl Observed {
    /// The handler of a call whose line is written at the edge of the layers that it came through.
    pub(crate) fn behind_layers(
        method: &str,
        protocol: &'static str,
        peer: Option<&Peer>,
        record: &Arc<CallRecord>,
    ) -> Box<Self> {
        Box::new(Self::new(method, protocol, peer, Arc::clone(record), None))
    }

    fn new(
        method: &str,
        protocol: &'static str,
        peer: Option<&Peer>,
        record: Arc<CallRecord>,
        report: Option<CallReport>,
    ) -> Self {
        let span = tracing::debug_span!(
            target: TARGET,
            "call",
            method = %method,
            protocol = %protocol,
            peer = peer.map(|peer| display(peer.addr())),
            code = Empty,
            elapsed = Empty,
        );
        Self {
            span,
            began: Instant::now(),
            record,
            _report: report,
        }
    }

    /// What is noted of the call.
    pub(super) fn record(&self) -> &Arc<CallRecord> {
        &self.record
    }

    /// Enters the span of the call.
    pub(super) fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }

    /// Notes bytes that the transport was given.
    pub(super) fn sent_bytes(&self, bytes: usize) {
        self.record
            .response_bytes
            .fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes how the handler has ended, unless that is known already.
    pub(super) fn ended(&self, result: &Result<(), Status>, responses: u64, is_unmatched: bool) {
        self.record.sent(responses);
        if is_unmatched {
            self.record.is_unmatched.store(true, Ordering::Relaxed);
        }
        self.record
            .outcome
            .get_or_init(|| Outcome::of(result.as_ref().err()));
    }

    /// Whether it is known how the handler has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.record.outcome.get().is_some()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let code = self
            .record
            .outcome
            .get()
            .map_or(Code::Cancelled, |outcome| outcome.code);
        self.span.record("code", display(code_name(code)));
        self.span
            .record("elapsed", debug(in_micros(self.began.elapsed())));
    }
}

/// Writes the line of a call when it is dropped, which must be after its handler.
#[derive(Debug)]
pub(crate) struct CallReport {
    log: Arc<CallLog>,
    method: String,
    protocol: &'static str,
    peer: Option<Peer>,
    began: Instant,
    record: Arc<CallRecord>,
    /// What the client was told, if that is known. Layers may tell it something else than the handler.
    told: Option<Outcome>,
}

impl CallReport {
    /// What is noted of the call.
    pub(crate) fn record(&self) -> &Arc<CallRecord> {
        &self.record
    }

    /// Notes the status in the headers or trailers that the client gets, if there is one.
    pub(crate) fn tells(&mut self, headers: &HeaderMap) {
        if let Some(status) = received_status(headers) {
            self.told = Some(Outcome::of((status.code() != Code::Ok).then_some(&status)));
        }
    }
}

impl Drop for CallReport {
    fn drop(&mut self) {
        let (log, record) = (&self.log, &*self.record);
        let gone = Outcome {
            code: Code::Cancelled,
            message: "the client cancelled the call, or its connection was lost".to_owned(),
        };
        let by_layer = record.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        let told = self.told.as_ref().or(by_layer.as_ref());
        let outcome = told.or(record.outcome.get()).unwrap_or(&gone);
        let is_unmatched = record.is_unmatched.load(Ordering::Relaxed);
        // What was refused may be the name of nothing.
        let is_refused = record.is_refused.load(Ordering::Relaxed);
        let kind = if is_refused { "" } else { &self.method };
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let rule = record.rule.get().and_then(|rule| rule.to_str().ok()).map(display);
        macro_rules! write_line {
            ($level:expr, $message:literal, $left_out:expr) => {
                tracing::event!(
                    target: TARGET,
                    // Its span would say the same once more.
                    parent: None,
                    $level,
                    method = %self.method,
                    rule,
                    code = code_field(outcome),
                    error = outcome.error(),
                    elapsed = ?in_micros(self.began.elapsed()),
                    protocol = %self.protocol,
                    peer = self.peer.as_ref().map(|peer| display(peer.addr())),
                    requests = count(&record.requests),
                    request_bytes = count(&record.request_bytes),
                    responses = count(&record.responses),
                    response_bytes = count(&record.response_bytes),
                    left_out = $left_out,
                    $message,
                )
            };
        }
        let none: Option<u64> = None;
        if log.is_on {
            if is_unmatched {
                write_line!(Level::INFO, "no rule answered a call", none);
            } else {
                write_line!(Level::INFO, "call", none);
            }
        } else if is_unmatched && let Some(left_out) = log.unmatched.take(kind) {
            let left_out = (left_out > 0).then_some(left_out);
            write_line!(Level::INFO, "no rule answered a call", left_out);
        } else {
            write_line!(Level::DEBUG, "call", none);
        }
    }
}

/// Without nanoseconds, which say nothing of a call.
fn in_micros(time: Duration) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
