//! The outer edge of a server's layers: from the transport into them, and from them back.
//!
//! Layers stand between the transport and the dispatcher, and what the two must know of each other goes through an
//! extension of the request, [`Link`]. A request that comes without one, because a layer made a new request, is answered as
//! one of a server that protod is mounted in.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tower::ServiceExt as _;
use tower::util::Oneshot;

use super::call_answer::BoxError;
use super::layers::Route;
use super::link::Link;
use crate::handler::{CallBody, CallReport, Peer, RequestBody, layered};
use crate::transport::call_began;

/// A request on its way through the layers of a server.
pub(super) struct LayeredFuture {
    /// `None` when it has given the response.
    response: Option<Oneshot<Route, Request<Body>>>,
    link: Arc<Link>,
    /// What is told of the call when it has ended. Dropped after the response's future, which may hold its handler.
    report: Option<CallReport>,
    /// Whether the transport knows when the call must end, or needs not know.
    expiry_is_told: bool,
}

impl LayeredFuture {
    pub(super) fn new<B>(route: Route, request: Request<B>, link: Link, report: Option<CallReport>) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let expiry_is_told = link.peer.is_none();
        let link = Arc::new(link);
        let mut request = RequestBody::of(request)
            .map(|body| Body::new(body.before_layers(Arc::clone(&link.request_ended))));
        request.extensions_mut().insert(Arc::clone(&link));
        if let Some(peer) = &link.peer {
            request.extensions_mut().insert(peer.clone());
        }
        Self {
            response: Some(route.oneshot(request)),
            link,
            report,
            expiry_is_told,
        }
    }

    /// The number of the call, if somebody observes it.
    pub(super) fn call_id(&self) -> Option<u64> {
        self.link.record.as_ref().map(|record| record.id())
    }
}

impl Future for LayeredFuture {
    type Output = Result<Response<CallBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = self
            .response
            .as_mut()
            .expect("not polled after it gave the response");
        let response = Pin::new(response).poll(cx);
        // Here and not where the call begins, because a layer may have given the request to another task.
        if !self.expiry_is_told
            && let Some(expiry) = self.link.expiry.get()
        {
            call_began(expiry.clone());
            self.expiry_is_told = true;
        }
        let Ok(response) = ready!(response);
        self.response = None;
        let header_limit = Peer::header_limit_of(self.link.peer.as_ref());
        Poll::Ready(Ok(layered(response, header_limit, self.report.take())))
    }
}
