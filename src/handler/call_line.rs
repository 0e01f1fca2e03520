//! What the log has of a call that has ended.

use std::fmt::{self, Debug, Display};
use std::sync::Arc;
use std::time::SystemTime;

use super::call_record::CallRecord;
use super::codes::code_name;
use super::elapsed::Elapsed;
use super::outcome::Outcome;
use super::peer::Peer;
use crate::journal::Counts;
use crate::session::Session;
use crate::trace::TraceIds;

/// A call that has ended, as the log has it: a message, and fields with names.
///
/// See [`ServerBuilder::write_calls`](crate::ServerBuilder::write_calls).
pub struct CallLine<'c> {
    record: &'c CallRecord,
    outcome: &'c Outcome,
    rule: Option<&'c str>,
    elapsed: Elapsed,
    counts: Counts,
}

/// The value of a field of a [`CallLine`]; see [`ServerBuilder::write_calls`](crate::ServerBuilder::write_calls).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum CallField<'c> {
    /// A text, in which anything may be that a client has sent.
    Text(&'c str),
    /// A number.
    Number(u64),
    /// The id of a trace or a span, in hexadecimal digits.
    Id(&'c dyn Display),
}

/// What writes the lines of calls in the place of tracing.
#[derive(Clone)]
pub(crate) struct CallWriter(Arc<dyn Fn(&CallLine<'_>) + Send + Sync>);

impl CallWriter {
    pub(crate) fn new(write: impl Fn(&CallLine<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    pub(super) fn write(&self, line: &CallLine<'_>) {
        (self.0)(line);
    }
}

impl<'c> CallLine<'c> {
    pub(super) fn new(record: &'c CallRecord, outcome: &'c Outcome, rule: Option<&'c Arc<str>>) -> Self {
        Self {
            record,
            outcome,
            rule: rule.map(|rule| &**rule),
            elapsed: Elapsed::of(record.took()),
            counts: record.counts(),
        }
    }

    /// What the line says: `call`, or that no rule answered it.
    pub fn message(&self) -> &'static str {
        if self.record.is_unmatched() {
            "no rule answered a call"
        } else {
            "call"
        }
    }

    /// When it ended.
    pub fn time(&self) -> SystemTime {
        self.record.start + self.record.took()
    }

    /// The fields that the call has, in the order of the log: `method`, `rule`, `code`, `error`, `elapsed`, `protocol`, `peer`, `session`,
    /// `requests`, `request_bytes`, `responses`, `response_bytes`, `trace_id` and `span_id`.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, CallField<'_>)> {
        let text = |text: &'c str| CallField::Text(text);
        let ids = self.ids();
        [
            ("method", Some(CallField::Text(self.method()))),
            ("rule", self.rule().map(text)),
            ("code", Some(CallField::Text(self.code()))),
            ("error", self.error().map(text)),
            ("elapsed", Some(CallField::Text(self.elapsed()))),
            ("protocol", Some(CallField::Text(self.protocol()))),
            ("peer", self.peer().map(text)),
            ("session", self.session().map(text)),
            ("requests", Some(CallField::Number(self.counts.requests))),
            (
                "request_bytes",
                Some(CallField::Number(self.counts.request_bytes)),
            ),
            ("responses", Some(CallField::Number(self.counts.responses))),
            (
                "response_bytes",
                Some(CallField::Number(self.counts.response_bytes)),
            ),
            ("trace_id", ids.map(|ids| CallField::Id(&ids.trace))),
            (
                "span_id",
                ids.and_then(|ids| Some(CallField::Id(ids.span.as_ref()?))),
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    pub(super) fn method(&self) -> &'c str {
        self.record.method()
    }

    pub(super) fn rule(&self) -> Option<&'c str> {
        self.rule
    }

    pub(super) fn code(&self) -> &'static str {
        code_name(self.outcome.code)
    }

    pub(super) fn error(&self) -> Option<&'c str> {
        self.outcome.error()
    }

    pub(super) fn elapsed(&self) -> &str {
        self.elapsed.as_str()
    }

    pub(super) fn protocol(&self) -> &'static str {
        self.record.protocol
    }

    pub(super) fn peer(&self) -> Option<&'c str> {
        self.record.peer.as_ref().map(Peer::text)
    }

    pub(super) fn session(&self) -> Option<&'c str> {
        self.record.session().map(Session::name)
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn ids(&self) -> Option<&'c TraceIds> {
        self.record.trace()
    }
}

impl Debug for CallLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields()).finish()
    }
}

impl Debug for CallField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Debug::fmt(text, f),
            Self::Number(number) => Display::fmt(number, f),
            Self::Id(id) => Display::fmt(id, f),
        }
    }
}

impl Debug for CallWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallWriter")
    }
}
