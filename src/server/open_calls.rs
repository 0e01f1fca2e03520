//! [`OpenCalls`]: the calls in flight, for those who send messages into them, or end them.

use std::sync::Arc;

use bytes::Bytes;
use tonic::{Code, Status};

use super::builder::ServerBuilder;
use super::dispatch::Shared;
use super::handle::Server;
use super::journal::method_of;
use crate::handler::CallRecord;
use crate::journal::{Reader, RecordedCall};
use crate::message::{Bounds, Message, MessageError, MessageType, check, json_to_wire};
use crate::schema::Method;

/// The calls in flight of a server. Cheap to clone.
///
/// A call is among them from the moment at which its handler first waits, for a message or anything else: one that is
/// answered at once never is.
///
/// ```
/// # use protod::Server;
/// # async fn run(server: Server) -> Result<(), Box<dyn std::error::Error>> {
/// let open = server.open_calls().expect("the server was built with a journal");
/// for call in open.list() {
///     call.send(call.message_from_json(r#"{"label": "now"}"#)?).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OpenCalls {
    shared: Arc<Shared>,
}

/// A call in flight. It may end at any time, whoever holds this.
#[derive(Debug, Clone)]
pub struct OpenCall {
    record: Arc<CallRecord>,
    method: Arc<Method>,
    reader: Arc<Reader>,
}

impl ServerBuilder {
    /// Whether [`Server::open_calls`] knows the calls in flight, if no [journal](Self::journal) is kept, with which it does.
    /// Default: no.
    pub fn keep_open_calls(mut self, keep: bool) -> Self {
        self.keeps_open = keep;
        self
    }
}

impl Server {
    /// The calls in flight. `None` unless the server was built with a [journal](super::ServerBuilder::journal) or with
    /// [`keep_open_calls`](super::ServerBuilder::keep_open_calls).
    pub fn open_calls(&self) -> Option<OpenCalls> {
        self.shared.calls.log().open_calls()?;
        Some(OpenCalls {
            shared: Arc::clone(&self.shared),
        })
    }
}

impl OpenCalls {
    /// All of them, those that began first before the others.
    pub fn list(&self) -> Vec<OpenCall> {
        let reader = self.reader();
        let open = self.shared.calls.log().open_calls().unwrap_or_default();
        let calls = open
            .into_iter()
            .filter_map(|record| OpenCall::of(record, &reader));
        calls.collect()
    }

    /// The call with this [id](crate::Call::id).
    ///
    /// Fails with `FAILED_PRECONDITION` if it has ended, and with `NOT_FOUND` if there was none.
    pub fn get(&self, id: u64) -> Result<OpenCall, Status> {
        let log = self.shared.calls.log();
        let open = log.open_call(id);
        open.and_then(|record| OpenCall::of(record, &self.reader()))
            .ok_or_else(|| {
                if log.has_begun(id) {
                    Status::failed_precondition(format!("call {id} is not in flight: it has ended"))
                } else {
                    Status::not_found(format!("there has been no call {id}"))
                }
            })
    }

    fn reader(&self) -> Arc<Reader> {
        let schema = self.shared.generation.load().schema.clone();
        let of_methods = schema.clone();
        let find = move |name: &str| method_of(&of_methods, name);
        match self.shared.calls.log().journal() {
            Some(journal) => journal.reader(schema, find),
            None => Reader::without_journal(schema, find),
        }
    }
}

impl OpenCall {
    fn of(record: Arc<CallRecord>, reader: &Arc<Reader>) -> Option<Self> {
        Some(Self {
            method: Arc::clone(record.descriptor()?),
            record,
            reader: Arc::clone(reader),
        })
    }

    /// The number of the call: [`Call::id`](crate::Call::id).
    pub fn id(&self) -> u64 {
        self.record.id()
    }

    /// Its method, as the server's schema had it when the call began.
    pub fn method(&self) -> &Arc<Method> {
        &self.method
    }

    /// A message of its output type, from ProtoJSON.
    ///
    /// Fails, with the path of the field, on what [`Message::from_json`] fails on.
    pub fn message_from_json(&self, json: &str) -> Result<Message, MessageError> {
        let mut wire = Vec::new();
        json_to_wire(
            MessageType::output_of(&self.method, Bounds::default()),
            json.as_bytes(),
            &mut wire,
        )?;
        self.message_from_bytes(wire)
    }

    /// A message of its output type, from its bytes.
    ///
    /// Fails as [`Message::decode`] does.
    pub fn message_from_bytes(&self, bytes: impl Into<Bytes>) -> Result<Message, MessageError> {
        let bytes = bytes.into();
        let (layouts, layout) = (self.method.layouts(), self.method.output_layout());
        check(layouts, layout, &bytes, Bounds::default())?;
        Ok(Message::of_layout(layouts, layout, bytes))
    }

    /// What has come and gone so far. Its messages and headers are there if the server keeps a journal. `None` if the call
    /// has ended.
    pub fn recorded(&self) -> Option<RecordedCall> {
        RecordedCall::read(self.record.entry()?, &self.reader)
    }

    /// Sends a message of the method's output type to the client, between those of the handler, and waits until it is in the
    /// response. The first message of a response sends the headers, too: those that the handler has set until then.
    ///
    /// The message goes out while the handler waits. It is not sent if this future is dropped before it is ready.
    ///
    /// Fails with
    /// - `INVALID_ARGUMENT` if it is a message of another type;
    /// - `FAILED_PRECONDITION` if the call has ended, and for methods that answer with one message, which is the handler's;
    /// - `RESOURCE_EXHAUSTED` if the client does not read for 10 s what was sent before, if there are 1,024 others that wait to
    ///   send into this call, and if the message is too large.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Status> {
        if !self.method.is_server_streaming() {
            return Err(Status::failed_precondition(format!(
                "{} answers with one message, and that is its handler's",
                self.method.name()
            )));
        }
        let message = message.into();
        message
            .expect_type(self.method.output())
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.record.steering().send(message.to_bytes()).await
    }

    /// Ends the call with a status, whatever its handler does, and waits until it has ended. What was sent before still
    /// arrives, and the handler is dropped. [`Code::Ok`] ends a stream well.
    ///
    /// A client that does not read gets the end a second later than others, as the end of its stream.
    ///
    /// Fails with `FAILED_PRECONDITION` if the call ends in another way before, and for `OK` if the method answers with one
    /// message: only its handler can send that.
    pub async fn end(&self, status: Status) -> Result<(), Status> {
        if status.code() == Code::Ok && !self.method.is_server_streaming() {
            return Err(Status::failed_precondition(format!(
                "{} answers with one message: without it, a call cannot end with OK",
                self.method.name()
            )));
        }
        self.record.steering().end(status).await
    }
}
