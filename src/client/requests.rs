//! The requests of a call, in any form, as messages of its method.
//!
//! The invariant: a stream with a request that does not fit its method never ends, since its end would tell the server that
//! all of it was sent. [`Unfit`] tells the caller, who gets a status, and whose call is cancelled when it is dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::Status;

use crate::message::{Bounds, IntoMessage, Message, MessageType};
use crate::schema::Method;

/// One request as a message of its method. A message that is one already stays what it is.
pub(super) fn request_of<M: IntoMessage>(method: &Method, request: M) -> Result<Message, Status> {
    M::into_message(MessageType::input_of(method, Bounds::default()), request)
}

pin_project! {
    /// Requests as messages of their method.
    pub(super) struct Requests<S> {
        #[pin]
        inner: S,
        method: Arc<Method>,
        // `None` when a request did not fit.
        unfit: Option<oneshot::Sender<Status>>,
    }
}

impl<S> Requests<S> {
    pub(super) fn new(requests: S, method: &Arc<Method>) -> (Self, Unfit) {
        let (sender, receiver) = oneshot::channel();
        let requests = Self {
            inner: requests,
            method: Arc::clone(method),
            unfit: Some(sender),
        };
        (requests, Unfit::Waiting(receiver))
    }
}

impl<S: Stream<Item: IntoMessage>> Stream for Requests<S> {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let this = self.project();
        if this.unfit.is_none() {
            return Poll::Pending;
        }
        let Some(request) = ready!(this.inner.poll_next(cx)) else {
            return Poll::Ready(None);
        };
        match request_of(this.method, request) {
            Ok(message) => Poll::Ready(Some(message)),
            Err(status) => {
                // Nobody waits for a call that was dropped.
                drop(this.unfit.take().map(|unfit| unfit.send(status)));
                Poll::Pending
            }
        }
    }
}

/// Whether a request did not fit.
pub(super) enum Unfit {
    Waiting(oneshot::Receiver<Status>),
    /// There are no more requests.
    Never,
    Told(Status),
}

impl Unfit {
    /// Does the work, unless a request does not fit.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        tokio::select! {
            biased;
            status = self.told() => Err(status),
            result = work => result,
        }
    }

    async fn told(&mut self) -> Status {
        if let Self::Waiting(receiver) = self {
            *self = receiver.await.map_or(Self::Never, Self::Told);
        }
        match self {
            Self::Told(status) => status.clone(),
            _ => std::future::pending().await,
        }
    }
}
