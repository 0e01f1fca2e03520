//! The bodies of a request and of its response.

use std::error::Error as StdError;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tracing::debug;

use super::fault::Fault;
use super::guard::Exchange;

pin_project! {
    /// The body of a request. It fails if nothing of it comes for long.
    ///
    /// hyper's own does not say when it has ended, unless its length was known. With HTTP/1 a client that goes away is an
    /// error, so the end is always that of the request.
    pub(crate) struct Http1Body {
        #[pin]
        body: Incoming,
        has_ended: bool,
        exchange: Arc<Exchange>,
        // Whether the client sends it only when it is read, and it was not yet.
        is_awaited: bool,
        patience: Option<Duration>,
        #[pin]
        alarm: Option<Sleep>,
    }
}

impl Http1Body {
    /// `waits` is whether the client sends the body only when it is read.
    pub(super) fn new(
        body: Incoming,
        waits: bool,
        exchange: &Arc<Exchange>,
        patience: Option<Duration>,
    ) -> Self {
        let is_awaited = waits && !body.is_end_stream();
        exchange.set_last(is_awaited);
        Self {
            has_ended: body.is_end_stream(),
            body,
            exchange: Arc::clone(exchange),
            is_awaited,
            patience,
            alarm: None,
        }
    }
}

impl Body for Http1Body {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        if mem::take(this.is_awaited) {
            this.exchange.set_last(false);
        }
        let Poll::Ready(frame) = this.body.as_mut().poll_frame(cx) else {
            let Some(patience) = *this.patience else {
                return Poll::Pending;
            };
            if this.alarm.is_none() {
                this.alarm.set(Some(sleep(patience)));
            }
            let alarm = this.alarm.as_mut().as_pin_mut().expect("it was set");
            ready!(alarm.poll(cx));
            this.exchange.set_last(true);
            return Poll::Ready(Some(Err(Status::cancelled(
                "the client sent nothing more of its request",
            ))));
        };
        this.alarm.set(None);
        if let Some(Err(_)) = frame {
            this.exchange.set_last(true);
        }
        *this.has_ended = frame.is_none() || this.body.is_end_stream();
        Poll::Ready(frame.map(|frame| frame.map_err(|error| not_whole(&error))))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The status of a call whose request did not come whole.
fn not_whole(error: &hyper::Error) -> Status {
    debug!(error = error as &dyn StdError, "a request did not come whole");
    let io = error.source().and_then(|error| error.downcast_ref::<io::Error>());
    let fault = io
        .and_then(io::Error::get_ref)
        .and_then(|error| error.downcast_ref::<Fault>());
    match fault {
        Some(fault) => Status::invalid_argument(fault.text),
        None => Status::cancelled("the client cancelled the call"),
    }
}

pin_project! {
    /// The body of a response, which tells the guard when hyper has all of it.
    pub(super) struct ResponseBody<B> {
        #[pin]
        body: B,
        _answered: Answered,
    }
}

/// Tells so when it is dropped.
struct Answered(Arc<Exchange>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.answered();
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(body: B, exchange: &Arc<Exchange>) -> Self {
        Self {
            body,
            _answered: Answered(Arc::clone(exchange)),
        }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
