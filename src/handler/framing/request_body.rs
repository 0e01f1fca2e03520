//! The body of a request, which reads on for a moment when its call ends early.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use tonic::Status;
use tonic::body::Body;

use crate::handler::lifecycle::LINGER_TIMEOUT;

/// How much of a request is read before it is refused as not gRPC, in bytes.
const MAX_DISCARDED: usize = 1 << 20;

/// The body of a request. If it is dropped before all of it has come, what the client still sends is read and discarded
/// for a moment.
///
/// Dropping hyper's body resets the stream. h2 soon forgets that it reset the stream, counts what the client had already
/// sent on it as the client's error, and ends the connection after `max_error_resets` of them.
#[derive(Debug)]
pub(crate) struct RequestBody(Body);

impl RequestBody {
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Body::new(body))
    }

    /// Whether the client has ended the stream and all of it was read.
    pub(super) fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    /// Reads and discards what the client sends, until it ends the stream, has sent 1 MiB, or a second has passed.
    pub(crate) async fn discard(&mut self) {
        // All three end it the same way.
        let _ = tokio::time::timeout(LINGER_TIMEOUT, discard(&mut self.0, MAX_DISCARDED)).await;
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

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.0.is_end_stream() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let mut body = std::mem::take(&mut self.0);
            runtime.spawn(tokio::time::timeout(LINGER_TIMEOUT, async move {
                discard(&mut body, usize::MAX).await;
            }));
        }
    }
}
