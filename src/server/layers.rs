//! Tower layers around a server's own dispatcher.
//!
//! Layers are applied once, when the server is built, to a service whose type is erased: a server has one type, whatever
//! its layers. Each layer sees responses of the call's protocol from within, because [`AnswersCalls`] turns what the layer
//! below it answers or fails with into one. A server without layers has none of this on its way.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

use super::call_answer::{BoxError, call_answer};
use super::link::Link;
use super::refusal::form_of;
use crate::handler::CallRecord;
use crate::protocol::Form;

/// The service that a [layer](super::ServerBuilder::layer) wraps: the server, with the layers that were added before.
///
/// It is never in error. Its responses are those of the call's protocol, and HTTP only for requests that are no calls.
#[derive(Clone)]
pub struct Route(BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>);

impl Route {
    pub(super) fn new<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service))
    }
}

impl<B> Service<Request<B>> for Route
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(request.map(Body::new))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").finish_non_exhaustive()
    }
}

/// Layers in the order in which they were added, the innermost first.
#[derive(Default)]
pub(super) struct Layers(Vec<Box<dyn FnOnce(Route) -> Route + Send + Sync>>);

impl Layers {
    pub(super) fn push<L, B>(&mut self, layer: L)
    where
        L: Layer<Route> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.0.push(Box::new(move |inner| {
            Route::new(AnswersCalls {
                layered: layer.layer(inner),
                failed: None,
            })
        }));
    }

    /// Wraps the service that `inner` makes, which is `None` without layers.
    pub(super) fn wrap(self, inner: impl FnOnce() -> Route) -> Option<Route> {
        if self.0.is_empty() {
            return None;
        }
        Some(self.0.into_iter().fold(inner(), |inner, layer| layer(inner)))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({})", self.0.len())
    }
}

/// Makes whatever a layer answers or fails with a response of the call's protocol.
struct AnswersCalls<S> {
    layered: S,
    /// Why the layer will not be ready. Said in the response to the next request.
    failed: Option<BoxError>,
}

/// A clone has not failed yet.
impl<S: Clone> Clone for AnswersCalls<S> {
    fn clone(&self) -> Self {
        Self {
            layered: self.layered.clone(),
            failed: None,
        }
    }
}

impl<S, B> Service<Request<Body>> for AnswersCalls<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = AnswerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.failed.is_none()
            && let Err(error) = ready!(self.layered.poll_ready(cx))
        {
            self.failed = Some(error.into());
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let link: Option<&Arc<Link>> = request.extensions().get();
        let is_rest = link.is_some_and(|link| link.is_rest);
        let form = form_of(&request).ok().filter(|_| !is_rest);
        let record = link.and_then(|link| link.record.clone());
        let failed = self.failed.take();
        AnswerFuture {
            form,
            record,
            answer: failed.is_none().then(|| self.layered.call(request)),
            failed,
        }
    }
}

pin_project! {
    /// The answer of a layer, in the protocol of the request.
    struct AnswerFuture<F> {
        // `None` if it was no call, or one by REST.
        form: Option<Form>,
        record: Option<Arc<CallRecord>>,
        // `None` if the layer has failed already.
        #[pin]
        answer: Option<F>,
        failed: Option<BoxError>,
    }
}

impl<F, B, E> Future for AnswerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = match (this.answer.as_pin_mut(), this.failed.take()) {
            (Some(answer), _) => ready!(answer.poll(cx)).map_err(Into::into),
            (None, Some(error)) => Err(error),
            (None, None) => unreachable!("not polled after it gave the answer"),
        };
        Poll::Ready(Ok(call_answer(answer, *this.form, this.record.take(), cx)))
    }
}
