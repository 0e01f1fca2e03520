//! What answers a method: one trait, one shape, for all four kinds of RPC.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use http::HeaderMap;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::message::Message;
use crate::schema::Method;

/// Answers the calls of a method.
pub trait Handler: Send + Sync + 'static {
    /// Receives zero or more messages, sends zero or more, and finishes with a status.
    fn handle(&self, call: &mut Call) -> impl Future<Output = Result<(), Status>> + Send;
}

/// One RPC in flight.
#[derive(Debug)]
pub struct Call {
    method: Arc<Method>,
}

impl Call {
    /// The method called.
    pub fn method(&self) -> &Arc<Method> {
        &self.method
    }
    /// The client's metadata.
    pub fn metadata(&self) -> &MetadataMap {
        unimplemented!("the handler room is built")
    }
    /// When the client stops waiting.
    pub fn deadline(&self) -> Option<Instant> {
        unimplemented!("the handler room is built")
    }
    /// The next message of the client, or nothing when it has sent its last.
    pub async fn recv(&mut self) -> Result<Option<Message>, Status> {
        unimplemented!("the handler room is built")
    }
    /// Sends one message, and waits while the transport is full.
    pub async fn send(&mut self, _message: impl Into<Message>) -> Result<(), Status> {
        unimplemented!("the handler room is built")
    }
    /// The headers, until they are sent: `None` afterwards.
    pub fn headers_mut(&mut self) -> Option<&mut MetadataMap> {
        unimplemented!("the handler room is built")
    }
    /// Sends the headers now.
    pub fn flush_headers(&mut self) {
        unimplemented!("the handler room is built")
    }
    /// The trailers, sent with the status.
    pub fn trailers_mut(&mut self) -> &mut MetadataMap {
        unimplemented!("the handler room is built")
    }

    // For rules: no allocation and no lock per message.

    /// Waits for the next message; its bytes, not checked yet, are then in [`frame`](Self::frame).
    /// `false` at half-close. What was written before is handed to the transport while this waits.
    pub(crate) async fn next_frame(&mut self) -> Result<bool, Status> {
        unimplemented!("the handler room is built")
    }
    /// The bytes of the message that [`next_frame`](Self::next_frame) waited for, and the buffer to answer into.
    pub(crate) fn frame(&mut self) -> (&[u8], Frames<'_>) {
        unimplemented!("the handler room is built")
    }
    /// The buffer to answer into, when no message is at hand.
    pub(crate) fn frames(&mut self) -> Frames<'_> {
        unimplemented!("the handler room is built")
    }
    /// Hands to the transport what was written, and waits while it is full. To be called after each
    /// [`Frames::write`]; costs nothing until 32 KiB are written.
    pub(crate) async fn written(&mut self) -> Result<(), Status> {
        unimplemented!("the handler room is built")
    }
    /// Hands to the transport what was written, without waiting; to be called before any other wait (a timer).
    pub(crate) fn publish(&mut self) {
        unimplemented!("the handler room is built")
    }
    /// The client's headers as they came.
    pub(crate) fn request_headers(&self) -> &HeaderMap {
        unimplemented!("the handler room is built")
    }
}

/// The outgoing side of a call, for writing messages in place.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    _buffer: &'a mut BytesMut,
}

impl Frames<'_> {
    /// Writes one frame: `write` appends the message's bytes; the prefix is filled in afterwards. On an error
    /// nothing is sent.
    pub(crate) fn write<E>(&mut self, write: impl FnOnce(&mut BytesMut) -> Result<(), E>) -> Result<(), E> {
        let _ = write;
        unimplemented!("the handler room is built")
    }
}
