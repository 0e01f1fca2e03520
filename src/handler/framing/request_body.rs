//! The body of a request, which reads on for a moment when its call ends early.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Version, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Full;
use tonic::Status;
use tonic::body::Body;

use crate::handler::error_status::status_of;
use crate::handler::lifecycle::LINGER_TIMEOUT;
use crate::protocol::DecodedText;

/// How much of a request is read before it is refused as not gRPC, in bytes.
const MAX_DISCARDED: usize = 1 << 20;

/// The body of a request. If it is dropped before all of it has come, what the client still sends is read and discarded
/// for a moment.
///
/// Dropping hyper's body resets the stream. h2 soon forgets that it reset the stream, counts what the client had already
/// sent on it as the client's error, and ends the connection after `max_error_resets` of them.
#[derive(Debug)]
pub(crate) struct RequestBody {
    body: Body,
    layers: Layers,
    /// Whether the client sends it only when it is read, and it was not yet. Then nothing of it is on its way.
    is_awaited: bool,
}

/// Where a body stands, if the server has tower layers.
#[derive(Debug)]
enum Layers {
    None,
    /// Outside of them. It sets the flag when the client has ended the stream and all of it was read.
    Outside(Arc<AtomicBool>),
    /// Inside of them. The body may be a layer's own, so it is the flag that tells a half-close.
    Inside(Arc<AtomicBool>),
}

impl RequestBody {
    /// A request with its body as this.
    #[inline]
    pub(crate) fn of<B>(request: Request<B>) -> Request<Self>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let is_awaited =
            request.version() < Version::HTTP_2 && request.headers().contains_key(header::EXPECT);
        request.map(|body| Self {
            body: Body::new(body),
            layers: Layers::None,
            is_awaited,
        })
    }

    /// The body as layers get it. It sets `ended` when the client has ended the stream and all of it was read.
    pub(crate) fn before_layers(mut self, ended: Arc<AtomicBool>) -> Self {
        self.layers = Layers::Outside(ended);
        self.note_end();
        self
    }

    /// The body, whose bytes are base64.
    pub(crate) fn decode_text(&mut self) {
        let body = std::mem::take(&mut self.body);
        self.body = Body::new(DecodedText::new(body));
    }

    /// Puts a message in place of the body, which is empty. It did not come through layers, and ends by itself.
    pub(crate) fn replace(&mut self, message: Bytes) {
        self.body = Body::new(Full::new(message));
        self.layers = Layers::None;
    }

    /// Says that the body came through layers, whose outermost got one that sets `ended`.
    pub(crate) fn came_through_layers(&mut self, ended: Arc<AtomicBool>) {
        self.layers = Layers::Inside(ended);
    }

    /// Whether the client is known to have ended the stream, and all of it was read.
    pub(super) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    /// Whether the body, which has given its last frame, has ended because the client ended the stream.
    pub(super) fn was_ended(&self) -> bool {
        let is_told = matches!(&self.layers, Layers::Inside(ended) if ended.load(Ordering::Acquire));
        is_told || self.body.is_end_stream()
    }

    /// How many bytes are still to come, as far as that is known.
    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.is_awaited = false;
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match self.layers {
            Layers::Inside(_) => frame.map_err(|error| status_of(&error)),
            _ => frame,
        }
    }

    fn note_end(&self) {
        if let Layers::Outside(ended) = &self.layers
            && self.body.is_end_stream()
        {
            ended.store(true, Ordering::Release);
        }
    }

    /// Reads and discards what the client sends, until it ends the stream, has sent 1 MiB, or a second has passed.
    pub(crate) async fn discard(&mut self) {
        if self.is_awaited {
            return;
        }
        // All three end it the same way.
        let _ = tokio::time::timeout(LINGER_TIMEOUT, discard(&mut self.body, MAX_DISCARDED)).await;
    }
}

/// Reads a body until it ends or `max_bytes` of it have come.
async fn discard(body: &mut Body, max_bytes: usize) {
    let mut read = 0;
    while read < max_bytes {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

/// The body as layers see it.
impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = Self::poll_frame(&mut self, cx);
        self.note_end();
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // Behind layers it is the body before them that reads on.
        if self.is_awaited || self.body.is_end_stream() || matches!(self.layers, Layers::Inside(_)) {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let mut body = std::mem::take(&mut self.body);
            runtime.spawn(tokio::time::timeout(LINGER_TIMEOUT, async move {
                discard(&mut body, usize::MAX).await;
            }));
        }
    }
}
