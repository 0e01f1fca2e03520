//! From a request to its handler: the tower service.
//!
//! [`GrpcService`] takes any HTTP/2 request, so it can be mounted on protod's own transport, in a tonic `Routes` or in an
//! axum `Router`. One look-up by path finds the method and its handler; nothing is looked up after that.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderName, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::util::MapResponse;

use super::call_limit::CallsInFlight;
use super::deadline::{DeadlinePolicy, parse_timeout};
use super::edge::{LayeredFuture, Link};
use super::generation::Generation;
use super::grpc_answer::BoxError;
use super::layers::Route;
use super::refusal::{check_http, no_such_method, refuse, refuse_http};
use crate::handler::{
    CallBody, CallLimits, CallStart, Encoding, Lifecycle, Peer, Phase, RequestBody, ResponseFuture,
};
use crate::transport::call_began;

// Constants, because a name given as text is parsed at each look-up.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What all clones of a service share.
pub(super) struct Shared {
    pub(super) generation: ArcSwap<Generation>,
    /// The number of the generation. Locked during a reload, so that there is one at a time.
    pub(super) number: Mutex<u64>,
    pub(super) limits: CallLimits,
    pub(super) deadlines: DeadlinePolicy,
    pub(super) calls: CallsInFlight,
    pub(super) lifecycle: Lifecycle,
    pub(super) next_id: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The server as a tower service over HTTP requests. Cheap to clone.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use protod::{Schema, Server};
///
/// let server = Server::builder(Schema::load("proto")?).build()?;
/// let router: Router = Router::new()
///     .route("/hello", get(|| async { "hello" }))
///     .fallback_service(server.service());
/// # Ok::<(), protod::Error>(())
/// ```
///
/// The [`is_end_stream`](http_body::Body::is_end_stream) of request bodies must return true when they are complete, as
/// that of hyper's bodies does. It is the only way to tell a half-close from a client that cancelled. If a layer replaces
/// the body by one that does not implement it, calls end with `CANCELLED`. The server's own
/// [layers](super::ServerBuilder::layer) may replace it by any.
#[derive(Clone)]
pub struct GrpcService {
    shared: Arc<Shared>,
    /// The client, if this is the service of a connection of protod's own transport.
    peer: Option<Peer>,
    layers: Layering,
}

/// Where a service stands.
#[derive(Clone)]
enum Layering {
    /// The server has no layers.
    None,
    /// It gives requests to the layers.
    Outside(Arc<Route>),
    /// The innermost layer gives requests to it.
    Inside,
}

impl GrpcService {
    pub(super) fn new(shared: Arc<Shared>, layers: Option<Arc<Route>>) -> Self {
        Self {
            shared,
            peer: None,
            layers: layers.map_or(Layering::None, Layering::Outside),
        }
    }

    /// The service that the innermost layer wraps.
    pub(super) fn innermost(shared: Arc<Shared>) -> Route {
        let service = Self {
            shared,
            peer: None,
            layers: Layering::Inside,
        };
        Route::new(MapResponse::new(service, |response: Response<CallBody>| {
            response.map(Body::new)
        }))
    }

    /// The same service, for one connection.
    pub(super) fn of_peer(&self, peer: Peer) -> Self {
        Self {
            peer: Some(peer),
            ..self.clone()
        }
    }

    fn start(&self, mut request: Request<RequestBody>) -> Result<Dispatched, Status> {
        let mut link: Option<Arc<Link>> = None;
        let mut peer = &self.peer;
        if let Layering::Inside = self.layers {
            link = request.extensions_mut().remove();
            if let Some(link) = &link {
                peer = &link.peer;
                let ended = Arc::clone(&link.request_ended);
                request = request.map(|body| body.behind_layers(ended));
            }
        }
        let generation = self.shared.generation.load();
        let endpoint = generation.endpoint(request.uri().path());
        let endpoint = endpoint.ok_or_else(|| no_such_method(&generation, request.uri().path()))?;
        let handler = endpoint.handler.as_ref().ok_or_else(|| {
            Status::unimplemented(format!(
                "nothing answers {}: it has no handler and no rule",
                endpoint.method.get().name()
            ))
        })?;
        // On protod's own transport, GOAWAY tells a client which of its calls are taken, and all of those are answered.
        let refuses = if peer.is_some() {
            Phase::Ended
        } else {
            Phase::Draining
        };
        if self.shared.lifecycle.phase() >= refuses {
            return Err(Status::unavailable("the server is stopping"));
        }
        let lifecycle = if endpoint.outlives_generation {
            &self.shared.lifecycle
        } else {
            &generation.lifecycle
        };
        let permit = self.shared.calls.acquire()?;
        let headers = request.headers();
        let asked = headers.get(GRPC_TIMEOUT).map(parse_timeout).transpose()?;
        let time = self.shared.deadlines.time_for(asked);
        if time == Some(Duration::ZERO) {
            return Err(Status::deadline_exceeded("the deadline has passed"));
        }
        let request_encoding = Encoding::from_header(headers.get(GRPC_ENCODING))?;
        // Like grpc-go: a client that compresses gets compressed responses.
        let response_encoding = request_encoding
            .filter(|encoding| encoding.is_accepted_by(headers.get_all(GRPC_ACCEPT_ENCODING)));
        let (parts, body) = request.into_parts();
        let response = ResponseFuture::start(
            handler,
            CallStart {
                method: Arc::clone(endpoint.method.get()),
                headers: parts.headers,
                extensions: parts.extensions,
                peer: peer.clone(),
                body,
                deadline: time.and_then(|time| Instant::now().checked_add(time)),
                request_encoding,
                response_encoding,
                limits: self.shared.limits,
                lifecycle: lifecycle.clone(),
                states: generation.states.clone(),
                id: self.shared.next_id.fetch_add(1, Ordering::Relaxed),
            },
            permit,
        );
        if let Some(link) = link {
            link.expiry.get_or_init(|| response.expiry());
        } else if self.peer.is_some() {
            call_began(response.expiry());
        }
        Ok(Dispatched {
            state: State::Responding(response),
            // Only on protod's own transport does a call begin on its connection's task.
            leaves_connection: self.peer.is_some() && !handler.may_begin_in_place(),
        })
    }
}

impl std::fmt::Debug for GrpcService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrpcService").finish_non_exhaustive()
    }
}

impl<B> tower::Service<Request<B>> for GrpcService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<CallBody>;
    type Error = Infallible;
    type Future = Dispatched;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Dispatched {
        if let Layering::Outside(route) = &self.layers {
            let layered = LayeredFuture::new(Route::clone(route), request, self.peer.clone());
            return Dispatched {
                state: State::Layered(Box::pin(layered)),
                // Layers are anybody's code, which may compute for long.
                leaves_connection: self.peer.is_some(),
            };
        }
        let request = request.map(RequestBody::new);
        let refused = match check_http(&request) {
            Ok(()) => match self.start(request) {
                Ok(started) => return started,
                Err(status) => State::Refused(Some(refuse(&status))),
            },
            Err(code) => State::NotGrpc(Box::pin(refuse_http(code, request))),
        };
        Dispatched {
            state: refused,
            leaves_connection: false,
        }
    }
}

/// The future of a [`GrpcService`]'s response.
pub struct Dispatched {
    state: State,
    /// Whether the first poll only asks for another one, which the call's own task does.
    leaves_connection: bool,
}

enum State {
    Responding(ResponseFuture),
    Refused(Option<Response<CallBody>>),
    NotGrpc(Pin<Box<dyn Future<Output = Response<CallBody>> + Send>>),
    Layered(Pin<Box<LayeredFuture>>),
}

impl Future for Dispatched {
    type Output = Result<Response<CallBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.leaves_connection) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match &mut self.state {
            State::Responding(response) => Pin::new(response).poll(cx).map(Ok),
            State::Refused(response) => Poll::Ready(Ok(response.take().expect("polled once"))),
            State::NotGrpc(response) => response.as_mut().poll(cx).map(Ok),
            State::Layered(response) => response.as_mut().poll(cx),
        }
    }
}

impl std::fmt::Debug for Dispatched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatched").finish_non_exhaustive()
    }
}
