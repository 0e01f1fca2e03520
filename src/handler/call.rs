//! One RPC in flight, as its handler sees it.
//!
//! Handlers receive and send whole messages. Rules have [more](for_rules): they work on the bytes of the call.
//! Whatever is written is sent when the handler waits, or when there is enough of it.

mod for_rules;
mod receive;

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use prost_reflect::DynamicMessage;
use serde::Serialize;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::call_record::CallRecord;
use super::framing::{Finished, Incoming, Outgoing, RequestBody, ResponseBuffer, Translation};
use super::lifecycle::Lifecycle;
use super::limits::CallLimits;
use super::observed::Observed;
use super::outgoing_slot::OutgoingSlot;
use super::peer::Peer;
use super::request_check::{Checks, RequestCheck};
use super::room::{LargeMessages, Room};
use super::state::States;
use crate::message::{Bounds, FromMessage, IntoMessage, Message, MessageType};
use crate::protocol::{Encoding, Speech};
use crate::schema::Method;
use crate::session::Session;

/// What a call begins with.
pub(crate) struct CallStart {
    pub(crate) method: Arc<Method>,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: Extensions,
    /// `None` if the request came through a server other than protod's own.
    pub(crate) peer: Option<Peer>,
    pub(crate) body: RequestBody,
    pub(crate) deadline: Option<Instant>,
    /// How the call looks on the wire.
    pub(crate) speech: Speech,
    /// How the client compressed its messages.
    pub(crate) request_encoding: Option<Encoding>,
    /// How to compress the responses.
    pub(crate) response_encoding: Option<Encoding>,
    pub(crate) limits: CallLimits,
    pub(crate) lifecycle: Lifecycle,
    /// What handlers share. `None` if it is nothing.
    pub(crate) states: Option<Arc<States>>,
    /// Checks each request before the handler sees it. `None` if they are taken as they come.
    pub(crate) check: Option<Arc<dyn RequestCheck>>,
    /// `None` if it is of none.
    pub(crate) session: Option<Session>,
    pub(crate) id: u64,
    /// The room that large messages of all calls share.
    pub(crate) large: Arc<LargeMessages>,
    /// `None` if nobody observes the call.
    pub(crate) observed: Option<Observed>,
}

/// One RPC in flight: its method, metadata and deadline, requests in, responses out.
///
/// `In` and `Out` are the forms of its messages: [`Message`] if they are not named, `DynamicMessage`, or
/// [`Typed`](crate::message::Typed) with a type of one's own.
///
/// ```
/// use protod::{Call, Message};
/// use tonic::Status;
///
/// /// Answers each message with itself, until the client has ended its stream.
/// async fn echo(mut call: Call) -> Result<(), Status> {
///     while let Some(message) = call.recv().await? {
///         call.send(message).await?;
///     }
///     Ok(())
/// }
/// # drop(protod::Handlers::new().bidi("Echo/Talk", echo));
/// ```
pub struct Call<In = Message, Out = Message> {
    core: Core,
    forms: PhantomData<fn(Out) -> In>,
}

/// A call without the forms of its messages.
struct Core {
    method: Arc<Method>,
    metadata: MetadataMap,
    extensions: Extensions,
    peer: Option<Peer>,
    deadline: Option<Instant>,
    lifecycle: Lifecycle,
    states: Option<Arc<States>>,
    session: Option<Session>,
    id: u64,
    bounds: Bounds,
    large: Arc<LargeMessages>,
    incoming: Incoming,
    /// For methods whose client sends one message: whether it has arrived.
    single: Single,
    checks: Checks,
    outgoing: Outgoing,
    /// What an observed call has been is noted here.
    record: Option<Arc<CallRecord>>,
    /// Whether the next request is kept for the journal.
    keeps_requests: bool,
    /// Where the outgoing side goes if a closure owns the call and drops it.
    slot: Option<OutgoingSlot>,
}

/// The state of the message of a method that takes one.
enum Single {
    Awaited,
    /// It has arrived, and the client has not half-closed yet.
    Arrived((Bytes, Room)),
    Received,
}

impl Call {
    pub(super) fn new(start: CallStart, record: Option<Arc<CallRecord>>) -> (Self, ResponseBuffer) {
        let limits = start.limits;
        let translation = Translation::of(&start.speech, &start.method);
        let journal = record.as_ref().filter(|record| record.keeps_messages());
        let keeps_requests = journal.is_some();
        let (outgoing, buffer) = Outgoing::new(
            &start.method,
            translation.clone(),
            start.response_encoding,
            limits.max_send_size,
            journal.cloned(),
        );
        let core = Core {
            incoming: Incoming::new(
                start.body,
                start.speech.requests(),
                translation,
                start.request_encoding,
                start.speech.malformed(),
                limits,
            ),
            method: start.method,
            metadata: MetadataMap::from_headers(start.headers),
            extensions: start.extensions,
            peer: start.peer,
            deadline: start.deadline,
            lifecycle: start.lifecycle,
            states: start.states,
            session: start.session,
            id: start.id,
            large: start.large,
            bounds: limits.bounds,
            single: Single::Awaited,
            checks: Checks::new(start.check),
            outgoing,
            record,
            keeps_requests,
            slot: None,
        };
        let forms = PhantomData;
        (Self { core, forms }, buffer)
    }

    /// The same call, to be owned by a closure that takes and gives messages in other forms: when it is dropped, its
    /// outgoing side goes to `slot`.
    pub(super) fn returning_to<In, Out>(mut self, slot: &OutgoingSlot) -> Call<In, Out> {
        self.core.slot = Some(slot.clone());
        Call {
            core: self.core,
            forms: PhantomData,
        }
    }
}

impl<In, Out> Call<In, Out> {
    /// The method called.
    pub fn method(&self) -> &Arc<Method> {
        &self.core.method
    }

    /// An empty message of the method's output type, to be filled in and sent.
    pub fn response(&self) -> DynamicMessage {
        DynamicMessage::new(self.core.method.output().clone())
    }

    /// A message of the method's output type, made of a value with serde's traits, for calls that do not name their `Out`.
    ///
    /// ```
    /// use protod::{Call, Handler};
    /// use serde_json::json;
    /// use tonic::Status;
    ///
    /// struct Greeter;
    ///
    /// impl Handler for Greeter {
    ///     async fn handle(&self, call: &mut Call) -> Result<(), Status> {
    ///         call.recv().await?;
    ///         call.send(call.message(&json!({"response": "hello"}))?).await
    ///     }
    /// }
    /// ```
    ///
    /// Fails with `INTERNAL`, naming the field, if the value does not fit.
    pub fn message(&self, value: &(impl Serialize + ?Sized)) -> Result<Message, Status> {
        Ok(Message::of_value(
            MessageType::output_of(&self.core.method, self.core.bounds),
            value,
        )?)
    }

    /// The client's metadata.
    pub fn metadata(&self) -> &MetadataMap {
        &self.core.metadata
    }

    /// The call's deadline: it ends with `DEADLINE_EXCEEDED` then, whatever the handler does. `None` if it has none.
    pub fn deadline(&self) -> Option<Instant> {
        self.core.deadline
    }

    /// The client. `None` if the request came through a server other than protod's own.
    pub fn peer(&self) -> Option<&Peer> {
        self.core.peer.as_ref()
    }

    /// A number that no other call of this server has.
    pub fn id(&self) -> u64 {
        self.core.id
    }

    /// The session that the call is of. `None` if its client named none. See [`Server::sessions`](crate::Server::sessions).
    pub fn session(&self) -> Option<&Session> {
        self.core.session.as_ref()
    }

    /// The value of this type that [`Handlers::state`](crate::handler::Handlers::state) gave to all handlers. `None` if
    /// there is none.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.core.states.as_ref()?.get()
    }

    /// The extensions of the request, which tower layers in front of the server may have set.
    pub fn extensions(&self) -> &Extensions {
        &self.core.extensions
    }

    /// Waits until the server begins to stop, or to end the calls of a generation that was replaced. Long streams should
    /// end then.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<In, Out> {
        let lifecycle = self.core.lifecycle.clone();
        async move { lifecycle.draining().await }
    }

    /// Waits for the next message of the client. Returns `None` when the client has half-closed the stream.
    ///
    /// Fails with `CANCELLED` if the client cancels the call, with `UNIMPLEMENTED` if the method takes one message and
    /// the client sends none or a second one, and with `INVALID_ARGUMENT` if the message does not fit a
    /// [`Typed`](crate::message::Typed) form.
    ///
    /// Cancel safe: if the future is dropped before it is ready, for instance by `tokio::select!`, no message is lost.
    pub async fn recv(&mut self) -> Result<Option<In::Value>, Status>
    where
        In: FromMessage,
    {
        self.recv_as::<In>().await
    }

    /// As [`recv`](Self::recv), in any form.
    pub(super) async fn recv_as<M: FromMessage>(&mut self) -> Result<Option<M::Value>, Status> {
        if !self.next_message_at_once() && !self.next_message().await? {
            return Ok(None);
        }
        let of = MessageType::input_of(&self.core.method, self.core.bounds);
        let read = match M::read_in_place(of, self.core.incoming.bytes()) {
            Some(read) => read,
            None => M::read(of, self.core.incoming.shared_bytes()),
        };
        read.map(Some).map_err(|status| self.core.incoming.fault(status))
    }

    /// Sends one message, and waits while the transport is full. The first one sends the headers too.
    ///
    /// Fails if the message is not of the method's output type or is over the size limit, and if it is the second one of a
    /// method that answers with one.
    ///
    /// # Panics
    ///
    /// If a field of a dynamic message holds a value of another kind, as [`Message::to_bytes`] does.
    pub async fn send(&mut self, message: impl Into<Out::Value>) -> Result<(), Status>
    where
        Out: IntoMessage,
    {
        let message = message.into();
        while let Err(status) = self.write::<Out>(&message) {
            if !self.needs_room() {
                return Err(status);
            }
            self.wait_for_large().await;
        }
        self.wait_for_room().await;
        self.flush();
        Ok(())
    }

    /// The headers, to be filled in before the first message. Returns `None` when they were sent, also by a message of
    /// [others](crate::OpenCall::send).
    ///
    /// They are sent before the trailers also if the call fails without a message. A call that fails and set none is
    /// answered with trailers only: clients repeat such calls by their retry policy, and no others.
    pub fn headers_mut(&mut self) -> Option<&mut MetadataMap> {
        self.core.outgoing.headers_mut()
    }

    /// Sends the headers now instead of with the first message.
    pub fn flush_headers(&mut self) {
        self.core.outgoing.flush_headers_and_messages();
    }

    /// The trailers, sent with the status.
    pub fn trailers_mut(&mut self) -> &mut MetadataMap {
        &mut self.core.outgoing.trailers
    }

    /// Waits while the transport is full. To be called after each [`MessageWriter::write`].
    #[inline]
    pub(crate) async fn wait_for_room(&mut self) {
        if self.core.outgoing.is_full() {
            self.core.outgoing.flush();
            poll_fn(|cx| self.core.outgoing.poll_drained(cx)).await;
        }
    }

    /// Whether the last message was not written because there is no room for large ones now.
    #[inline]
    pub(crate) fn needs_room(&self) -> bool {
        self.core.outgoing.needs_room()
    }

    /// Waits until the message can be written again that [needed room](Self::needs_room).
    pub(crate) async fn wait_for_large(&mut self) {
        self.flush();
        poll_fn(|cx| self.core.outgoing.poll_room(&self.core.large, cx)).await;
    }

    fn write<M: IntoMessage>(&mut self, message: &M::Value) -> Result<(), Status> {
        self.core
            .outgoing
            .write_message::<M>(message, Some(&self.core.large))
    }

    /// Sends what was written. To be called before any wait except [`next_message`](Self::next_message).
    pub(crate) fn flush(&mut self) {
        self.core.outgoing.flush();
    }

    /// Sends the one response, and ends the call.
    pub(super) fn finish_with<M: IntoMessage>(mut self, response: M) -> Finished {
        let result = self
            .core
            .outgoing
            .write_message::<M>(&response.into_value(), None);
        self.finish(result)
    }

    /// Ends the call. What was written and not sent yet is in the result.
    pub(super) fn finish(mut self, result: Result<(), Status>) -> Finished {
        std::mem::take(&mut self.core.outgoing).finish(result)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.note_received();
        if let Some(record) = &self.record {
            record.sent(self.outgoing.sent);
        }
        if let Some(slot) = self.slot.take() {
            slot.put(std::mem::take(&mut self.outgoing));
        }
    }
}

impl<In, Out> fmt::Debug for Call<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.core.method.name())
            .field("id", &self.core.id)
            .field("peer", &self.core.peer.as_ref().map(Peer::addr))
            .field("deadline", &self.core.deadline)
            .finish_non_exhaustive()
    }
}
