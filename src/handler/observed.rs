//! Who tells of a call: its handler, while that runs, and the edge of the layers that it came through, if there are any.
//!
//! Whoever ends a call, its handler, a deadline, the client, a panic or a layer, drops what was made here at its start: so
//! one place knows all outcomes.

use std::sync::Arc;

use http::HeaderMap;
use tonic::Code;
use tracing::Span;
use tracing::field::Empty;
use tracing::span::Entered;

use super::call_log::{CallLog, TARGET};
use super::call_record::{CallBegin, CallRecord};
use super::codes::code_name;
use super::elapsed::Elapsed;
use super::peer::Peer;
use super::turn::call_ends;
use crate::protocol::received_status;
use crate::schema::Method;
use crate::session::Session;

/// A call whose handler runs. Dropped when it has ended.
#[derive(Debug)]
pub(crate) struct Observed {
    log: Arc<CallLog>,
    record: Arc<CallRecord>,
    /// Whether the call is over when its handler is. Behind layers it is over at their edge.
    is_outermost: bool,
    /// Whether it is told of at the end of the turn.
    is_left_to_turn: bool,
}

impl Observed {
    /// Begins to observe a call whose handler starts. `None` if nobody asks for it.
    #[inline]
    pub(crate) fn begin(log: &Arc<CallLog>, begin: CallBegin<'_>) -> Option<Self> {
        let record = log.record(begin)?;
        Some(Self::of(log, record, true))
    }

    /// The handler of a call that came through layers, at whose edge its end is told.
    pub(crate) fn behind_layers(
        log: &Arc<CallLog>,
        record: &Arc<CallRecord>,
        method: &Arc<Method>,
        session: Option<&Session>,
    ) -> Self {
        record.is_of(method);
        record.is_of_session(session);
        // Layers may have taken their time: the handler does not begin with the call.
        record.turn_begins();
        Self::of(log, Arc::clone(record), false)
    }

    fn of(log: &Arc<CallLog>, record: Arc<CallRecord>, is_outermost: bool) -> Self {
        if record.is_logged {
            let span = tracing::debug_span!(
                target: TARGET,
                "call",
                method = record.method(),
                protocol = record.protocol,
                peer = record.peer.as_ref().map(Peer::text),
                trace_id = record.trace().map(|ids| display(&ids.trace)),
                span_id = record.trace().and_then(|ids| ids.span.as_ref()).map(display),
                code = Empty,
                elapsed = Empty,
            );
            if !span.is_disabled() {
                record.span.get_or_init(|| span);
            }
        }
        Self {
            log: Arc::clone(log),
            record,
            is_outermost,
            is_left_to_turn: false,
        }
    }

    /// The number of the call.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.record.id()
    }

    /// What is noted of the call.
    #[inline]
    pub(super) fn record(&self) -> &Arc<CallRecord> {
        &self.record
    }

    /// The handler runs again, in the span of the call, if it has one.
    #[inline]
    pub(super) fn begin_turn(&self) -> Option<Entered<'_>> {
        self.record.turn_begins();
        self.record.span.get().map(Span::enter)
    }

    /// The handler waits for something. Returns whether others may [steer](super::steering::Steering) the call meanwhile.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        self.log.waits(&self.record)
    }

    /// The client is about to learn of the end of the call.
    pub(super) fn ends(&mut self) {
        if self.is_outermost && !self.leave_to_turn() {
            self.log.end(&self.record);
        }
    }

    /// Leaves what is told of the call to the turn, if there is one; returns whether there is. A call that came by no connection
    /// of protod's own is of no turn: whoever made it learns of its end at once.
    fn leave_to_turn(&mut self) -> bool {
        self.is_left_to_turn =
            self.is_left_to_turn || (self.record.peer.is_some() && call_ends(&self.log, &self.record));
        self.is_left_to_turn
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let record = &*self.record;
        if let Some(span) = record.span.get() {
            let code = record.code().unwrap_or(Code::Cancelled);
            span.record("code", code_name(code));
            span.record("elapsed", Elapsed::of(record.began.elapsed()).as_str());
        }
        if self.is_outermost && !self.leave_to_turn() {
            self.log.finish(&self.record);
        }
    }
}

/// Tells of the end of a call when it is dropped, which must be after its handler.
#[derive(Debug)]
pub(crate) struct CallReport {
    log: Arc<CallLog>,
    record: Arc<CallRecord>,
}

impl CallReport {
    /// Begins to observe a call that goes through layers first, which may answer it without its handler. `None` if nobody
    /// asks for it.
    pub(crate) fn begin(log: &Arc<CallLog>, begin: CallBegin<'_>) -> Option<Self> {
        Some(Self {
            record: log.record(begin)?,
            log: Arc::clone(log),
        })
    }

    /// What is noted of the call.
    pub(crate) fn record(&self) -> &Arc<CallRecord> {
        &self.record
    }

    /// Notes the status in the headers or trailers that the client gets, if there is one.
    pub(crate) fn tells(&self, headers: &HeaderMap) {
        if let Some(status) = received_status(headers) {
            self.record.told(&status);
        }
    }

    /// The client is about to learn of the end of the call.
    pub(crate) fn ends(&self) {
        self.log.end(&self.record);
    }
}

impl Drop for CallReport {
    fn drop(&mut self) {
        self.log.finish(&self.record);
    }
}
