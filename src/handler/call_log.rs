//! What is told of calls: a line when one has ended, its place in the journal, and its count among the others.
//!
//! Where nobody listens, nothing is made for a call, which costs a look at an atomic.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::StatusCode;
use tonic::Status;
use tracing::Level;

use super::call_line::{CallLine, CallWriter};
use super::call_record::{CallBegin, CallRecord, method_of};
use super::codes::code_name;
use super::limited_lines::LimitedLines;
use super::outcome::Outcome;
use super::peer::Peer;
use crate::excerpt::excerpt;
use crate::journal::{JournalOptions, Log};
use crate::metrics::CallCounters;
use crate::trace::{CallTrace, Tracer};

/// The target of the span and of the lines.
pub(super) const TARGET: &str = "protod::call";

/// What a server tells of its calls.
#[derive(Debug)]
pub(crate) struct CallLog {
    /// Whether each call gets a line at info, and not at debug.
    is_on: bool,
    /// What writes these lines. `None` if tracing does.
    writer: Option<CallWriter>,
    unmatched: LimitedLines,
    journal: Option<Arc<Log>>,
    counters: Option<Arc<CallCounters>>,
    /// Whether calls in flight are known.
    keeps_open: bool,
    tracer: Option<Tracer>,
    /// The calls in flight that wait or have waited, by their ids.
    open: Mutex<BTreeMap<u64, Arc<CallRecord>>>,
    next_id: AtomicU64,
}

impl CallLog {
    /// `is_on` is whether each call gets a line at info, which `writer` writes in the place of tracing if it is there. Without it only those do that no rule answered. Without `journal` no
    /// call is kept, and those in flight are known only if `keeps_open`. `counts` is whether calls are counted. Without `tracer`
    /// no call becomes a span.
    pub(crate) fn new(
        is_on: bool,
        writer: Option<CallWriter>,
        journal: Option<&JournalOptions>,
        keeps_open: bool,
        counts: bool,
        tracer: Option<Tracer>,
    ) -> Self {
        Self {
            is_on,
            writer,
            unmatched: LimitedLines::default(),
            journal: journal.map(|options| Arc::new(Log::new(options))),
            counters: counts.then(|| Arc::new(CallCounters::new())),
            keeps_open: keeps_open || journal.is_some(),
            tracer,
            open: Mutex::default(),
            next_id: AtomicU64::new(1),
        }
    }

    /// The calls that have ended and are kept. `None` if none are.
    pub(crate) fn journal(&self) -> Option<&Arc<Log>> {
        self.journal.as_ref()
    }

    /// What is counted of calls. `None` if nothing is.
    #[inline]
    pub(crate) fn counters(&self) -> Option<&Arc<CallCounters>> {
        self.counters.as_ref()
    }

    /// What makes spans of calls. `None` if nothing does.
    pub(crate) fn tracer(&self) -> Option<&Tracer> {
        self.tracer.as_ref()
    }

    /// A number that no other call has.
    #[inline]
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the log hears of calls.
    #[inline]
    fn is_heard(&self) -> bool {
        self.writer.is_some()
            || (self.is_on && tracing::enabled!(target: TARGET, Level::INFO))
            || tracing::enabled!(target: TARGET, Level::DEBUG)
    }

    /// A record of a call that begins. `None` if nobody asks for one.
    #[inline]
    pub(super) fn record(&self, begin: CallBegin<'_>) -> Option<Arc<CallRecord>> {
        let is_logged = self.is_heard();
        if !is_logged && !self.keeps_open && begin.counters.is_none() && self.tracer.is_none() {
            return None;
        }
        let (id, journal) = (self.next_id(), self.journal.as_ref());
        let trace = CallTrace::begin(begin.headers, self.tracer.as_ref());
        Some(Arc::new(CallRecord::new(id, begin, is_logged, journal, trace)))
    }

    /// Tells of a call that was refused before it had a handler. `is_unmatched` is whether nothing answers its method.
    #[cold]
    pub(crate) fn refused(&self, begin: CallBegin<'_>, status: &Status, is_unmatched: bool) {
        if let Some(record) = self.record(begin) {
            record.refused(status, is_unmatched);
            self.finish(&record);
        } else if is_unmatched {
            self.unmatched_line(&method_of(begin.path), begin.peer, &Outcome::of(Some(status)), "");
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
                method,
                code = code_name(outcome.code),
                error = outcome.error(),
                peer = peer.map(Peer::text),
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
        let (path, peer) = (&*path, peer.map(Peer::text));
        if self.is_on {
            tracing::info!(target: TARGET, path, status = status.as_u16(), peer, "a request that is no call");
        } else {
            tracing::debug!(target: TARGET, path, status = status.as_u16(), peer, "a request that is no call");
        }
    }

    /// Lists a call among those in flight, if somebody asks for them: its handler waits for something. Returns whether it
    /// stands there. There are no more of them than the server takes at a time.
    #[inline]
    pub(super) fn waits(&self, record: &Arc<CallRecord>) -> bool {
        if self.keeps_open && record.becomes_open() {
            self.open().insert(record.id(), Arc::clone(record));
        }
        self.keeps_open
    }

    /// A call is over, of which its client is about to learn: it is no longer in flight, is counted, and stands in the journal.
    pub(super) fn end(&self, record: &CallRecord) {
        self.end_at(record, Instant::now());
    }

    fn end_at(&self, record: &CallRecord, now: Instant) {
        if record.was_open() {
            let closed = self.open().remove(&record.id());
            drop(closed);
            // Only those that stand there are steered.
            record.steering.over();
        }
        if record.end(now)
            && record.is_unmatched()
            && let Some(counters) = &self.counters
        {
            counters.add_unmatched();
        }
    }

    /// A call is over, and nothing that could still change what is told of it.
    pub(super) fn finish(&self, record: &CallRecord) {
        self.finish_at(record, Instant::now());
    }

    /// Calls are over whose answers are written together, so they have one time.
    pub(super) fn finish_all(&self, records: &[Arc<CallRecord>]) {
        let now = Instant::now();
        for record in records {
            self.finish_at(record, now);
        }
    }

    fn finish_at(&self, record: &CallRecord, now: Instant) {
        self.end_at(record, now);
        if record.is_logged || record.is_unmatched() {
            self.line(record);
        }
    }

    #[cold]
    fn line(&self, record: &CallRecord) {
        // What was refused may be the name of nothing.
        let kind = if record.is_refused() { "" } else { record.method() };
        if !record.is_logged {
            record.with_end(|outcome, _| {
                self.unmatched_line(record.method(), record.peer.as_ref(), outcome, kind);
            });
            return;
        }
        let is_unmatched = record.is_unmatched();
        record.with_end(|outcome, rule| {
            let line = CallLine::new(record, outcome, rule);
            if let Some(writer) = &self.writer {
                return writer.write(&line);
            }
            let (counts, ids) = (line.counts(), line.ids());
            macro_rules! write_line {
                ($level:expr, $left_out:expr) => {
                    tracing::event!(
                        target: TARGET,
                        // Its span would say the same once more.
                        parent: None,
                        $level,
                        // As a text, which is written as it is. As the last argument it would be formatted.
                        message = line.message(),
                        method = line.method(),
                        rule = line.rule(),
                        code = line.code(),
                        error = line.error(),
                        elapsed = line.elapsed(),
                        protocol = line.protocol(),
                        peer = line.peer(),
                        session = line.session(),
                        requests = counts.requests,
                        request_bytes = counts.request_bytes,
                        responses = counts.responses,
                        response_bytes = counts.response_bytes,
                        trace_id = ids.map(|ids| display(&ids.trace)),
                        span_id = ids.and_then(|ids| ids.span.as_ref()).map(display),
                        left_out = $left_out,
                    )
                };
            }
            let none: Option<u64> = None;
            if self.is_on {
                write_line!(Level::INFO, none);
            } else if is_unmatched && let Some(left_out) = self.unmatched.take(kind) {
                write_line!(Level::INFO, (left_out > 0).then_some(left_out));
            } else {
                write_line!(Level::DEBUG, none);
            }
        });
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<CallRecord>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call in flight.
    pub(crate) fn open_call(&self, id: u64) -> Option<Arc<CallRecord>> {
        self.open().get(&id).cloned()
    }

    /// The calls in flight, those that began first before the others. `None` if they are not known.
    pub(crate) fn open_calls(&self) -> Option<Vec<Arc<CallRecord>>> {
        self.keeps_open.then(|| self.open().values().cloned().collect())
    }

    /// Whether there has been a call with this number.
    pub(crate) fn has_begun(&self, id: u64) -> bool {
        (1..self.next_id.load(Ordering::Relaxed)).contains(&id)
    }
}

impl Default for CallLog {
    fn default() -> Self {
        Self::new(false, None, None, false, false, None)
    }
}
