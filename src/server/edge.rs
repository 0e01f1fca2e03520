//! The outer edge of a server's layers: from the transport into them, and from them back.
//!
//! Layers stand between the transport and the dispatcher, and what the two must know of each other goes through an
//! extension of the request, [`Link`]. A request that comes without one, because a layer made a new request, is answered as
//! one of a server that protod is mounted in.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tower::ServiceExt as _;
use tower::util::Oneshot;

use super::grpc_answer::BoxError;
use super::layers::Route;
use crate::handler::{CallBody, Expiry, Peer, RequestBody};
use crate::transport::call_began;

/// What passes by the layers of a request.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The client, on protod's own transport.
    pub(super) peer: Option<Peer>,
    /// Whether the client has ended the request, and all of it was read.
    pub(super) request_ended: Arc<AtomicBool>,
    /// When the call must end, once it has begun.
    pub(super) expiry: OnceLock<Option<Expiry>>,
}

/// A request on its way through the layers of a server.
pub(super) struct LayeredFuture {
    response: Oneshot<Route, Request<Body>>,
    link: Arc<Link>,
    /// Whether the transport knows when the call must end, or needs not know.
    expiry_is_told: bool,
}

impl LayeredFuture {
    pub(super) fn new<B>(route: Route, request: Request<B>, peer: Option<Peer>) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let expiry_is_told = peer.is_none();
        let link = Arc::new(Link {
            peer,
            ..Link::default()
        });
        let mut request = request.map(|body| {
            let body = RequestBody::new(body).before_layers(Arc::clone(&link.request_ended));
            Body::new(body)
        });
        request.extensions_mut().insert(Arc::clone(&link));
        if let Some(peer) = &link.peer {
            request.extensions_mut().insert(peer.clone());
        }
        Self {
            response: route.oneshot(request),
            link,
            expiry_is_told,
        }
    }
}

impl Future for LayeredFuture {
    type Output = Result<Response<CallBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = Pin::new(&mut self.response).poll(cx);
        // Here and not where the call begins, because a layer may have given the request to another task.
        if !self.expiry_is_told
            && let Some(expiry) = self.link.expiry.get()
        {
            call_began(expiry.clone());
            self.expiry_is_told = true;
        }
        response.map(|response| response.map(|response| response.map(CallBody::layered)))
    }
}
