//! A call that was kept, as its readers see it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tonic::Code;

use super::entry::{Entry, EntryBytes};
use super::events::{Direction, Event, Headers};
use super::reader::Reader;
use crate::message::{Bounds, Message, check};
use crate::schema::Method;
use crate::session::Session;

/// A call that a server has answered, or is answering: what came, what went, and why. A [`Journal`](crate::server::Journal)
/// gives them.
///
/// ```
/// # fn show(server: &protod::Server) -> Option<()> {
/// for call in server.journal()?.calls() {
///     println!("{} {:?} by {:?}", call.method(), call.code(), call.rule());
///     for message in call.messages() {
///         let json = message.to_message().and_then(|message| message.to_json().ok());
///         println!("{:?} {:?} {json:?}", message.at(), message.direction());
///     }
/// }
/// # Some(())
/// # }
/// ```
///
/// Headers are as they came or went, without what a protocol needs for itself at the end of a call, such as `grpc-status`.
#[derive(Clone)]
pub struct RecordedCall {
    entry: Entry,
    method: Option<Arc<Method>>,
    reader: Arc<Reader>,
}

/// A message of a [`RecordedCall`], and when it came or went.
#[derive(Clone)]
pub struct RecordedMessage {
    direction: Direction,
    at: Duration,
    length: usize,
    bytes: Option<Bytes>,
    method: Option<Arc<Method>>,
}

impl RecordedCall {
    /// Reads an entry. `None` if the bytes are none.
    pub(crate) fn read(bytes: EntryBytes, reader: &Arc<Reader>) -> Option<Self> {
        let entry = Entry::read(bytes)?;
        let method = reader.method(entry.method());
        Some(Self {
            entry,
            method,
            reader: Arc::clone(reader),
        })
    }

    /// The number of the call, which no other call of the server has: [`Call::id`](crate::Call::id). Later calls have higher
    /// ones.
    pub fn id(&self) -> u64 {
        self.entry.id
    }

    /// The name of its method, `package.Service/Method`, or what the client sent in its place.
    pub fn method(&self) -> &str {
        self.entry.method()
    }

    /// Its method, as the server's schema has it now. `None` if it has none of this name.
    pub fn descriptor(&self) -> Option<&Arc<Method>> {
        self.method.as_ref()
    }

    /// `grpc`, `grpc-web`, `connect` or `rest`.
    pub fn protocol(&self) -> &str {
        self.entry.protocol()
    }

    /// The client's address. `None` if the request came through a server other than protod's own.
    pub fn peer(&self) -> Option<&str> {
        self.entry.peer()
    }

    /// The id of the trace that it belongs to, in hexadecimal digits. `None` if its caller has sent no `traceparent`, and the
    /// server makes no spans.
    pub fn trace_id(&self) -> Option<String> {
        self.entry.trace.map(|ids| ids.trace.to_string())
    }

    /// The id of its span, in hexadecimal digits. `None` if the server makes no spans.
    pub fn span_id(&self) -> Option<String> {
        Some(self.entry.trace?.span?.to_string())
    }

    /// The id of its caller's span, in hexadecimal digits. `None` if it has sent no `traceparent`.
    pub fn parent_span_id(&self) -> Option<String> {
        Some(self.entry.trace?.parent?.to_string())
    }

    /// When it began.
    pub fn start(&self) -> SystemTime {
        self.entry.start
    }

    /// How long it took. `None` if it is in flight.
    pub fn duration(&self) -> Option<Duration> {
        self.entry.duration
    }

    /// Whether it is in flight: it has no code yet.
    pub fn is_open(&self) -> bool {
        self.entry.duration.is_none()
    }

    /// What it ended with. [`Code::Unknown`] while it is in flight.
    pub fn code(&self) -> Code {
        self.entry.code
    }

    /// The message of its status; up to 2 KiB of it.
    pub fn message(&self) -> &str {
        self.entry.message()
    }

    /// The details of its status: a `google.rpc.Status`, as bytes, without the fields that are not to be seen. Empty if there are
    /// none.
    pub fn details(&self) -> Bytes {
        let details = self.entry.details();
        if details.is_empty() {
            return details;
        }
        self.reader.redacted_details(details)
    }

    /// The rule that answered.
    pub fn rule(&self) -> Option<&str> {
        Some(self.entry.rule()).filter(|rule| !rule.is_empty())
    }

    /// The name of the session that it was of; see [`Server::sessions`](crate::Server::sessions).
    pub fn session(&self) -> Option<&str> {
        Some(self.entry.session()).filter(|session| !session.is_empty())
    }

    /// Whether it is a call of this session.
    pub(crate) fn is_of(&self, session: &Session) -> bool {
        session.mark().number() == self.mark()
    }

    /// The number of the mark that it has.
    pub(super) fn mark(&self) -> u64 {
        self.entry.mark
    }

    /// Whether no rule and no handler answered it: there are rules and none of them matched, there is nothing for its method, or
    /// a sample stood in.
    pub fn is_unmatched(&self) -> bool {
        self.entry.is_unmatched
    }

    /// Why [no rule and no handler answered it](Self::is_unmatched): the rule that came nearest, and its first difference. `None`
    /// if one did.
    pub fn unmatched_reason(&self) -> Option<&str> {
        self.is_unmatched().then(|| match self.message() {
            "" => "there is no rule and no handler for its method, and a sample was sent",
            message => message,
        })
    }

    /// Which schema and handlers answered it: those that the server was built with are 0, and each
    /// [reload](crate::Server::reload) adds 1.
    pub fn generation(&self) -> u64 {
        self.entry.generation
    }

    /// How many messages came.
    pub fn request_count(&self) -> u64 {
        self.entry.counts.requests
    }

    /// How many bytes came for them, compressed as they were.
    pub fn request_bytes(&self) -> u64 {
        self.entry.counts.request_bytes
    }

    /// How many messages went.
    pub fn response_count(&self) -> u64 {
        self.entry.counts.responses
    }

    /// How many bytes went for them, compressed as they were.
    pub fn response_bytes(&self) -> u64 {
        self.entry.counts.response_bytes
    }

    /// The headers of the request, by name and value. Those that are not to be seen have the value `<redacted>`.
    pub fn request_headers(&self) -> impl Iterator<Item = (Bytes, Bytes)> + '_ {
        headers(self.entry.request_headers(), Headers::Request)
    }

    /// The headers of the response.
    pub fn response_headers(&self) -> impl Iterator<Item = (Bytes, Bytes)> + '_ {
        headers(self.entry.events(), Headers::Response)
    }

    /// The trailers.
    pub fn trailers(&self) -> impl Iterator<Item = (Bytes, Bytes)> + '_ {
        headers(self.entry.events(), Headers::Trailers)
    }

    /// The first messages, in the order in which they came and went. How many there were in all,
    /// [`request_count`](Self::request_count) and [`response_count`](Self::response_count) say.
    pub fn messages(&self) -> impl Iterator<Item = RecordedMessage> + '_ {
        self.entry.events().filter_map(|event| match event {
            Event::Header(..) => None,
            Event::Message {
                direction,
                at,
                length,
                bytes,
            } => Some(RecordedMessage {
                bytes: bytes.and_then(|bytes| self.reader.redacted(self.method.as_deref(), direction, bytes)),
                direction,
                at,
                length,
                method: self.method.clone(),
            }),
        })
    }

    /// The first messages that came.
    pub fn requests(&self) -> impl Iterator<Item = RecordedMessage> + '_ {
        self.messages()
            .filter(|message| message.direction == Direction::Request)
    }

    /// The first messages that went.
    pub fn responses(&self) -> impl Iterator<Item = RecordedMessage> + '_ {
        self.messages()
            .filter(|message| message.direction == Direction::Response)
    }
}

/// Without messages, which may be long.
impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedCall")
            .field("id", &self.id())
            .field("method", &self.method())
            .field("rule", &self.rule())
            .field("code", &self.code())
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

/// Those of one kind among events.
fn headers(events: impl Iterator<Item = Event>, wanted: Headers) -> impl Iterator<Item = (Bytes, Bytes)> {
    events.filter_map(move |event| match event {
        Event::Header(which, name, value) if which == wanted => Some((name, value)),
        _ => None,
    })
}

impl RecordedMessage {
    /// Whether it came or went.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// When it came or went, from the begin of the call. Those that do while its handler does not wait have one time.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// How many bytes it has in protobuf, whatever it was sent in.
    pub fn encoded_len(&self) -> usize {
        self.length
    }

    /// Its bytes in protobuf, whatever it was sent in, without what is not to be seen. `None` if they were not kept, or if
    /// the server's schema no longer has the method and so does not say what is not to be seen.
    pub fn bytes(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }

    /// The message. `None` if its [bytes](Self::bytes) are not there, or are no message of the type that the method has now.
    pub fn to_message(&self) -> Option<Message> {
        let method = self.method.as_ref()?;
        let bytes = self.bytes.clone()?;
        let (layouts, layout) = match self.direction {
            Direction::Request => (method.layouts(), method.input_layout()),
            Direction::Response => (method.layouts(), method.output_layout()),
        };
        check(layouts, layout, &bytes, Bounds::default()).ok()?;
        Some(Message::of_layout(layouts, layout, bytes))
    }
}

impl fmt::Debug for RecordedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedMessage")
            .field("direction", &self.direction)
            .field("at", &self.at)
            .field("encoded_len", &self.length)
            .finish_non_exhaustive()
    }
}
