//! Messages on their way out: one in a body of known length, or a stream of them as they come.
//!
//! The invariant: a body ends only after its last message. One whose call is cancelled, or whose message cannot be
//! encoded, fails instead, since its end would tell the server that all of it was sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::Reason;
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::Status;

use crate::client::requests::Requests;
use crate::message::{Bounds, IntoMessage, Message, MessageType, wire_to_json};
use crate::protocol::{COMPRESSED, Codec, Encoding, Form, PREFIX, fill_prefix};
use crate::schema::Method;

/// The body of any request.
pub(super) type RequestBody = UnsyncBoxBody<Bytes, RequestFault>;

/// Messages that are there are sent together, up to about this many bytes.
const FULL: usize = 32 * 1024;

/// Why a body failed. HTTP/2 tells the server that the call was cancelled.
#[derive(Debug, thiserror::Error)]
#[error("{status}")]
pub(super) struct RequestFault {
    pub(super) status: Status,
    #[source]
    reset: h2::Error,
}

impl From<Status> for RequestFault {
    fn from(status: Status) -> Self {
        Self {
            status,
            reset: Reason::CANCEL.into(),
        }
    }
}

/// How the messages of a call are encoded.
#[derive(Debug, Clone)]
pub(super) struct MessageEncoder {
    pub(super) form: Form,
    pub(super) encoding: Option<Encoding>,
    pub(super) method: Arc<Method>,
}

impl MessageEncoder {
    /// The body of a call that sends one message.
    pub(super) fn body(&self, message: &Message) -> Result<RequestBody, Status> {
        let mut bytes = Vec::new();
        if self.form.protocol.is_whole() {
            self.put(message, &mut bytes)?;
        } else {
            self.put_envelope(message, &mut bytes)?;
        }
        let body = Full::new(self.form.protocol.dress(bytes.into()));
        Ok(body.map_err(|never| match never {}).boxed_unsync())
    }

    /// Appends a message without its envelope.
    pub(super) fn put(&self, message: &Message, bytes: &mut Vec<u8>) -> Result<(), Status> {
        let wire = message.to_bytes();
        match (self.form.codec, self.encoding) {
            (Codec::Proto, None) => bytes.extend_from_slice(&wire),
            (Codec::Proto, Some(encoding)) => encoding.compress(&wire, bytes),
            (Codec::Json, encoding) => {
                let of = MessageType::input_of(&self.method, Bounds::default());
                let mut json = Vec::new();
                wire_to_json(of, &wire, usize::MAX, &mut json)?;
                match encoding {
                    None => bytes.append(&mut json),
                    Some(encoding) => encoding.compress(&json, bytes),
                }
            }
        }
        Ok(())
    }

    fn put_envelope(&self, message: &Message, bytes: &mut Vec<u8>) -> Result<(), Status> {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; PREFIX]);
        if self.encoding.is_some() {
            bytes[start] = COMPRESSED;
        }
        self.put(message, bytes)?;
        fill_prefix(bytes, start, usize::MAX)
    }
}

pin_project! {
    /// A stream of messages in envelopes.
    pub(super) struct Envelopes<S> {
        #[pin]
        requests: Requests<S>,
        encoder: MessageEncoder,
        // Its sender is dropped when nobody waits for the call.
        cancelled: oneshot::Receiver<()>,
        ended: bool,
    }
}

impl<S> Envelopes<S>
where
    S: Stream<Item: IntoMessage> + Send + 'static,
{
    pub(super) fn body(
        requests: Requests<S>,
        encoder: MessageEncoder,
        cancelled: oneshot::Receiver<()>,
    ) -> RequestBody {
        let body = Self {
            requests,
            encoder,
            cancelled,
            ended: false,
        };
        body.boxed_unsync()
    }
}

impl<S: Stream<Item: IntoMessage>> Body for Envelopes<S> {
    type Data = Bytes;
    type Error = RequestFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestFault>>> {
        let mut this = self.project();
        if Pin::new(&mut *this.cancelled).poll(cx).is_ready() {
            let status = Status::cancelled("the call was dropped");
            return Poll::Ready(Some(Err(status.into())));
        }
        let mut bytes = Vec::new();
        while !*this.ended && bytes.len() < FULL {
            match this.requests.as_mut().poll_next(cx) {
                Poll::Ready(Some(message)) => {
                    if let Err(status) = this.encoder.put_envelope(&message, &mut bytes) {
                        return Poll::Ready(Some(Err(status.into())));
                    }
                }
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending if bytes.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if bytes.is_empty() {
            return Poll::Ready(None);
        }
        let piece = this.encoder.form.protocol.dress(bytes.into());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
