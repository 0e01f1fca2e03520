//! [`Dispatched`]: the future of a service's response, whatever becomes of its request.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;

use super::cors::Page;
use super::edge::LayeredFuture;
use crate::handler::{CallBody, ResponseFuture, leaves_turn, without_body};

/// The future of a [`GrpcService`](super::GrpcService)'s response.
pub struct Dispatched {
    pub(super) state: State,
    /// Whether it is only polled on a task of its own, and not on that of its connection.
    pub(super) leaves_connection: bool,
    /// The web page that may have called.
    pub(super) page: Option<Box<Page>>,
    /// Whether the client wants the headers alone.
    pub(super) is_head: bool,
}

impl Dispatched {
    /// A response that needs no task of its own.
    pub(super) fn at_once(state: State) -> Self {
        Self {
            state,
            leaves_connection: false,
            page: None,
            is_head: false,
        }
    }

    /// The number of the call. `None` if it is none, or gets one within the layers only.
    pub(super) fn call_id(&self) -> Option<u64> {
        match &self.state {
            State::Responding(response) => response.call_id(),
            State::Layered(layered) => layered.call_id(),
            State::Refused(_) | State::NotACall(_) => None,
        }
    }
}

pub(super) enum State {
    Responding(ResponseFuture),
    Refused(Option<Response<CallBody>>),
    NotACall(Pin<Box<dyn Future<Output = Response<CallBody>> + Send>>),
    Layered(Pin<Box<LayeredFuture>>),
}

impl Future for Dispatched {
    type Output = Result<Response<CallBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.leaves_connection && leaves_turn(cx) {
            return Poll::Pending;
        }
        let Ok(mut response) = ready!(match &mut self.state {
            State::Responding(response) => Pin::new(response).poll(cx).map(Ok),
            State::Refused(response) => Poll::Ready(Ok(response.take().expect("polled once"))),
            State::NotACall(response) => response.as_mut().poll(cx).map(Ok),
            State::Layered(response) => response.as_mut().poll(cx),
        });
        if let Some(page) = self.page.take() {
            page.finish(response.headers_mut());
        }
        if self.is_head {
            without_body(&mut response);
        }
        Poll::Ready(Ok(response))
    }
}

impl std::fmt::Debug for Dispatched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatched").finish_non_exhaustive()
    }
}
