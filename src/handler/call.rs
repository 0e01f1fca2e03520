//! One RPC in flight, as its handler sees it.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use prost_reflect::DynamicMessage;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::framing::{Encoding, Finished, Incoming, MessageWriter, Outgoing, RequestBody, ResponseBuffer};
use super::lifecycle::Lifecycle;
use super::limits::CallLimits;
use super::outgoing_slot::OutgoingSlot;
use super::peer::Peer;
use crate::message::{Bounds, Message, MessageError, check};
use crate::schema::Method;

/// What a call begins with.
#[derive(Debug)]
pub(crate) struct CallStart {
    pub(crate) method: Arc<Method>,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: Extensions,
    /// Unknown where the request came through somebody else's server.
    pub(crate) peer: Option<Arc<Peer>>,
    pub(crate) body: RequestBody,
    pub(crate) deadline: Option<Instant>,
    /// How the client compressed its messages.
    pub(crate) request_encoding: Option<Encoding>,
    /// How ours are to be compressed.
    pub(crate) response_encoding: Option<Encoding>,
    pub(crate) limits: CallLimits,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) id: u64,
}

/// One RPC in flight: its method, metadata and deadline, requests in, responses out.
pub struct Call {
    method: Arc<Method>,
    metadata: MetadataMap,
    extensions: Extensions,
    peer: Option<Arc<Peer>>,
    deadline: Option<Instant>,
    lifecycle: Lifecycle,
    id: u64,
    bounds: Bounds,
    incoming: Incoming,
    /// For methods whose client sends one message: how far it has come.
    single: Single,
    outgoing: Outgoing,
    /// Where the outgoing side goes when a closure drops its call.
    slot: Option<OutgoingSlot>,
}

/// The one message of a method that takes one.
enum Single {
    Awaited,
    /// It has come, and the client has not half-closed yet.
    Come(Bytes),
    Received,
}

impl Call {
    pub(super) fn new(start: CallStart) -> (Self, ResponseBuffer) {
        let limits = start.limits;
        let (outgoing, buffer) = Outgoing::new(&start.method, start.response_encoding, limits.max_send_size);
        let call = Self {
            incoming: Incoming::new(start.body, start.request_encoding, limits),
            method: start.method,
            metadata: MetadataMap::from_headers(start.headers),
            extensions: start.extensions,
            peer: start.peer,
            deadline: start.deadline,
            lifecycle: start.lifecycle,
            id: start.id,
            bounds: limits.bounds,
            single: Single::Awaited,
            outgoing,
            slot: None,
        };
        (call, buffer)
    }

    /// The method called.
    pub fn method(&self) -> &Arc<Method> {
        &self.method
    }

    /// An empty message of the method's output type, to be filled in and sent.
    pub fn response(&self) -> DynamicMessage {
        DynamicMessage::new(self.method.output().clone())
    }

    /// The client's metadata.
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// When the client stops waiting. The call ends with `DEADLINE_EXCEEDED` then, whatever the handler does.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The client; unknown where the request came through a server other than protod's own.
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_deref()
    }

    /// A number that no other call of this server has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What tower layers in front of the server left for the handler.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Waits until the server begins to stop, or to end the calls of a generation that was replaced; at once if it
    /// has. Long streams end themselves then.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        let lifecycle = self.lifecycle.clone();
        async move { lifecycle.draining().await }
    }

    /// The next message of the client; nothing when it has sent its last.
    ///
    /// A client that cancels is an error, `CANCELLED`, never a clean end. Where the method takes one message,
    /// none or a second one is `UNIMPLEMENTED`.
    ///
    /// Cancel safe: a future that is dropped before it is ready, as `tokio::select!` does it, loses no message.
    pub async fn recv(&mut self) -> Result<Option<Message>, Status> {
        if !self.next_message().await? {
            return Ok(None);
        }
        let bytes = self.incoming.shared_bytes();
        check(
            self.method.layouts(),
            self.method.input_layout(),
            &bytes,
            self.bounds,
        )
        .map_err(MessageError::from)?;
        Ok(Some(Message::from_checked(self.method.input().clone(), bytes)))
    }

    /// Sends one message, and waits while the transport is full. The first one sends the headers too.
    ///
    /// Fails on a message of another type than the method's output, on one over the limit of size, and on a second one
    /// where the method answers with one.
    ///
    /// # Panics
    ///
    /// If a field of a dynamic message holds a value of another kind, as [`Message::to_bytes`] does.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Status> {
        self.outgoing.write_message(&message.into())?;
        self.wait_for_room().await;
        self.flush();
        Ok(())
    }

    /// The headers, to be filled in before the first message; nothing once they are due.
    pub fn headers_mut(&mut self) -> Option<&mut MetadataMap> {
        self.outgoing.headers_mut()
    }

    /// Sends the headers now rather than with the first message.
    pub fn flush_headers(&mut self) {
        self.outgoing.flush_headers_and_messages();
    }

    /// The trailers, sent with the status.
    pub fn trailers_mut(&mut self) -> &mut MetadataMap {
        &mut self.outgoing.trailers
    }

    /// Waits for the next message; its bytes, not checked yet, are then in [`message_bytes`](Self::message_bytes). `false` at
    /// half-close. What was written before is handed to the transport while this waits.
    #[inline]
    pub(crate) async fn next_message(&mut self) -> Result<bool, Status> {
        if self.method.is_client_streaming() {
            return poll_fn(|cx| self.poll_incoming(cx)).await;
        }
        poll_fn(|cx| self.poll_single(cx)).await
    }

    #[inline]
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        let next = self.incoming.poll_next(cx);
        if next.is_pending() {
            self.outgoing.flush();
        }
        next
    }

    /// Moves on to the next message if it has come already, whole and not compressed; `false` tells nothing.
    #[inline]
    pub(crate) fn next_message_at_once(&mut self) -> bool {
        self.method.is_client_streaming() && self.incoming.next_at_once()
    }

    /// The one message of a unary or server-streaming call, which is whole only when the client has half-closed.
    fn poll_single(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        if let Single::Received = self.single {
            return Poll::Ready(Ok(false));
        }
        if let Single::Awaited = self.single {
            if !ready!(self.poll_incoming(cx))? {
                return Poll::Ready(Err(Status::unimplemented(
                    "the client sent no message, and the method takes one",
                )));
            }
            if self.incoming.is_last() {
                self.single = Single::Received;
                return Poll::Ready(Ok(true));
            }
            self.single = Single::Come(self.incoming.shared_bytes());
        }
        if ready!(self.poll_incoming(cx))? {
            self.single = Single::Received;
            return Poll::Ready(Err(Status::unimplemented(
                "the client sent a second message, and the method takes one",
            )));
        }
        if let Single::Come(message) = std::mem::replace(&mut self.single, Single::Received) {
            self.incoming.put_back(message);
        }
        Poll::Ready(Ok(true))
    }

    /// The bytes of the message that [`next_message`](Self::next_message) waited for.
    #[inline]
    pub(crate) fn message_bytes(&self) -> &[u8] {
        self.incoming.bytes()
    }

    /// All that a plan reads and writes at once: the message at hand, the client's headers, and the buffer to
    /// answer into.
    #[inline]
    pub(crate) fn split_mut(&mut self) -> (&[u8], &HeaderMap, MessageWriter<'_>) {
        (
            self.incoming.bytes(),
            self.metadata.as_ref(),
            self.outgoing.writer(),
        )
    }

    /// The same bytes, to be kept until the call ends, within its memory budget.
    pub(crate) fn keep_message(&mut self) -> Result<Bytes, Status> {
        self.incoming.keep()
    }

    /// Fails when the call may not hold so many bytes more.
    pub(crate) fn expect_memory(&self, bytes: usize) -> Result<(), Status> {
        self.incoming.expect_memory(bytes)
    }

    /// The buffer to answer into.
    #[inline]
    pub(crate) fn writer(&mut self) -> MessageWriter<'_> {
        self.outgoing.writer()
    }

    /// Whether enough was written to wait for the transport.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.outgoing.is_full()
    }

    /// Waits while the transport is full; to be called after each [`MessageWriter::write`].
    #[inline]
    pub(crate) async fn wait_for_room(&mut self) {
        if self.outgoing.is_full() {
            self.outgoing.flush();
            poll_fn(|cx| self.outgoing.poll_drained(cx)).await;
        }
    }

    /// Hands to the transport what was written; to be called before any wait but [`next_message`](Self::next_message).
    pub(crate) fn flush(&mut self) {
        self.outgoing.flush();
    }

    /// How much a message may hold.
    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Ends the call; what was written and not yet put out goes along.
    pub(super) fn finish(mut self, result: Result<(), Status>) -> Finished {
        std::mem::take(&mut self.outgoing).finish(result)
    }

    /// The same call, to be owned by a closure.
    pub(super) fn returning_to(mut self, slot: &OutgoingSlot) -> Self {
        self.slot = Some(slot.clone());
        self
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.put(std::mem::take(&mut self.outgoing));
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method.name())
            .field("id", &self.id)
            .field("peer", &self.peer.as_ref().map(|peer| peer.addr()))
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
