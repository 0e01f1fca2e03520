//! From a request to its handler: the tower service.
//!
//! [`GrpcService`] takes any HTTP/2 request, so it can be mounted on protod's own transport, in a tonic `Routes` or in an
//! axum `Router`. One look-up by path finds the method and its handler; nothing is looked up after that.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method as HttpMethod, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tower::util::MapResponse;

use super::call_answer::BoxError;
use super::call_begin::call_begin;
use super::call_limit::CallsInFlight;
use super::cors::{Cors, Meeting};
use super::deadline::DeadlinePolicy;
use super::dispatched::{Dispatched, State};
use super::edge::LayeredFuture;
use super::generation::{Endpoint, Generation};
use super::layers::Route;
use super::link::Link;
use super::refusal::{Refusal, check_form, form_of, no_such_method, refuse};
use super::rest_route::{may_be_rest, rest_path};
use crate::handler::{
    BoxHandler, CallBegin, CallBody, CallLimits, CallPermit, CallReport, CallStart, Lifecycle, Observed,
    Peer, Phase, RequestBody, RequestCheck, ResponseFuture, States, refusal,
};
use crate::metrics::MethodCounters;
use crate::protocol::{Form, Head, Protocol, REST, Speech, Unrecognised};
use crate::schema::Method;
use crate::session::{Session, Sessions};
use crate::transport::{ConnectionCounts, call_began};

/// What all clones of a service share.
pub(super) struct Shared {
    pub(super) generation: ArcSwap<Generation>,
    /// The number of the generation. Locked during a reload, so that there is one at a time.
    pub(super) number: Mutex<u64>,
    pub(super) limits: CallLimits,
    pub(super) deadlines: DeadlinePolicy,
    pub(super) calls: CallsInFlight,
    pub(super) cors: Cors,
    pub(super) connections: ConnectionCounts,
    pub(super) sessions: Sessions,
    pub(super) lifecycle: Lifecycle,
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
    pub(super) shared: Arc<Shared>,
    /// The client, if this is the service of a connection of protod's own transport.
    pub(super) peer: Option<Peer>,
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

    /// Whether a request becomes a call. `generation` is the one of the moment.
    fn admit<'g>(
        &'g self,
        generation: &'g Generation,
        request: &Request<RequestBody>,
        form: Form,
        session: Option<&Session>,
        is_own_transport: bool,
    ) -> Result<Admitted<'g>, Refusal> {
        let path = request.uri().path();
        let unmatched = |status| Refusal::Status {
            status,
            is_unmatched: true,
        };
        let endpoint = generation
            .endpoint(path)
            .ok_or_else(|| unmatched(no_such_method(generation, path)))?;
        if matches!(form.protocol, Protocol::ConnectUnary | Protocol::ConnectStream) {
            expect_handler(endpoint, session)?;
            check_form(form, endpoint.method.get(), request.method() != HttpMethod::POST)?;
        }
        self.admit_to(
            generation,
            endpoint,
            request,
            Speech::Form(form),
            session,
            is_own_transport,
        )
    }

    /// Whether a request becomes a call of the method of an endpoint.
    #[inline]
    pub(super) fn admit_to<'g>(
        &'g self,
        generation: &'g Generation,
        endpoint: &'g Endpoint,
        request: &Request<RequestBody>,
        speech: Speech,
        session: Option<&Session>,
        is_own_transport: bool,
    ) -> Result<Admitted<'g>, Refusal> {
        let handler = expect_handler(endpoint, session)?;
        // On protod's own transport, GOAWAY tells a client which of its calls are taken, and all of those are answered.
        let refuses = if is_own_transport {
            Phase::Ended
        } else {
            Phase::Draining
        };
        if self.shared.lifecycle.phase() >= refuses {
            return Err(Status::unavailable("the server is stopping").into());
        }
        let permit = self.shared.calls.acquire()?;
        let head = speech.head(request.method(), request.uri(), request.headers())?;
        let time = self.shared.deadlines.time_for(head.timeout);
        if time == Some(Duration::ZERO) {
            return Err(Status::deadline_exceeded("the deadline has passed").into());
        }
        Ok(Admitted {
            method: endpoint.method.get(),
            handler,
            lifecycle: if endpoint.outlives_generation {
                &self.shared.lifecycle
            } else {
                &generation.lifecycle
            },
            states: generation.states.as_ref(),
            check: endpoint.check.as_ref(),
            permit,
            deadline: time.and_then(|time| Instant::now().checked_add(time)),
            head,
            speech,
            generation: generation.number,
            counters: self
                .shared
                .calls
                .log()
                .counters()
                .map(|all| endpoint.counters(all)),
        })
    }

    /// Starts the handler of a call.
    pub(super) fn start(
        &self,
        call: Admitted<'_>,
        request: Request<RequestBody>,
        session: Option<Session>,
        link: Option<&Link>,
    ) -> Dispatched {
        let (parts, mut body) = request.into_parts();
        let head = call.head;
        if let Some(message) = head.message {
            body.replace(*message);
        }
        if let Speech::Form(form) = &call.speech
            && form.protocol == Protocol::GrpcWebText
        {
            body.decode_text();
        }
        let peer = link.map_or(&self.peer, |link| &link.peer);
        let protocol = call.speech.protocol_name();
        let log = &call.permit.log;
        let record = link.and_then(|link| link.record.as_ref());
        let (observed, id) = match (record, link) {
            (Some(record), _) => {
                let observed = Observed::behind_layers(log, record, call.method, session.as_ref());
                (Some(observed), record.id())
            }
            (None, Some(_)) => (None, log.next_id()),
            (None, None) => {
                let begin = CallBegin {
                    path: "",
                    method: Some(call.method),
                    protocol,
                    peer: peer.as_ref(),
                    headers: &parts.headers,
                    session: session.as_ref(),
                    generation: call.generation,
                    counters: call.counters,
                };
                let observed = Observed::begin(log, begin);
                let id = observed.as_ref().map_or_else(|| log.next_id(), Observed::id);
                (observed, id)
            }
        };
        let response = ResponseFuture::start(
            call.handler,
            CallStart {
                method: Arc::clone(call.method),
                headers: parts.headers,
                extensions: parts.extensions,
                peer: peer.clone(),
                body,
                deadline: call.deadline,
                speech: call.speech,
                request_encoding: head.request_encoding,
                response_encoding: head.response_encoding,
                limits: self.shared.limits,
                large: Arc::clone(&call.permit.large),
                lifecycle: call.lifecycle.clone(),
                states: call.states.cloned(),
                check: call.check.cloned(),
                session,
                id,
                observed,
            },
            call.permit,
        );
        if let Some(link) = link {
            link.expiry.get_or_init(|| response.expiry());
        } else if self.peer.is_some() {
            call_began(response.expiry());
        }
        Dispatched {
            state: State::Responding(response),
            leaves_connection: !call.handler.may_begin_in_place(),
            page: None,
            is_head: false,
        }
    }

    /// Answers a request of this form that does not become a call, and tells the log so.
    #[cold]
    fn refuse(
        &self,
        form: Form,
        status: &Status,
        is_unmatched: bool,
        begin: CallBegin<'_>,
        link: Option<&Link>,
    ) -> State {
        self.tell_refused(begin, status, is_unmatched, link);
        let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
        let mut response = refusal(form, status, headers, trailers, Peer::header_limit_of(begin.peer));
        if is_unmatched && response.status() == StatusCode::NOT_IMPLEMENTED {
            // As other HTTP servers say it of a path that they do not have.
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        State::Refused(Some(response))
    }

    /// Answers a request that is no call, and tells the log so.
    #[cold]
    pub(super) fn refuse_http(
        &self,
        unrecognised: Unrecognised,
        request: Request<RequestBody>,
        peer: Option<&Peer>,
    ) -> State {
        let log = self.shared.calls.log();
        log.not_a_call(request.uri().path(), peer, unrecognised.code);
        State::NotACall(Box::pin(refuse(unrecognised.into(), request)))
    }

    /// What passed by the layers of a request; `None` if there are none.
    fn take_link(&self, request: &mut Request<RequestBody>) -> Option<Arc<Link>> {
        let Layering::Inside = self.layers else {
            return None;
        };
        let link: Arc<Link> = request.extensions_mut().remove()?;
        request
            .body_mut()
            .came_through_layers(Arc::clone(&link.request_ended));
        Some(link)
    }
}

/// What answers the calls of a session, or of none, at an endpoint.
#[inline]
fn expect_handler<'e>(endpoint: &'e Endpoint, session: Option<&Session>) -> Result<&'e BoxHandler, Refusal> {
    endpoint.handler(session).ok_or_else(|| Refusal::Status {
        status: Status::unimplemented(format!(
            "nothing answers {}: it has no handler and no rule",
            endpoint.method.get().name()
        )),
        is_unmatched: true,
    })
}

/// A request that becomes a call.
pub(super) struct Admitted<'g> {
    method: &'g Arc<Method>,
    handler: &'g BoxHandler,
    lifecycle: &'g Lifecycle,
    states: Option<&'g Arc<States>>,
    check: Option<&'g Arc<dyn RequestCheck>>,
    permit: CallPermit,
    deadline: Option<Instant>,
    head: Head,
    speech: Speech,
    /// The number of the generation.
    generation: u64,
    counters: Option<&'g Arc<MethodCounters>>,
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
        let form = form_of(&request);
        // No page can speak gRPC itself.
        if form.as_ref().is_ok_and(|form| form.protocol == Protocol::Grpc) {
            return self.dispatch(request, form);
        }
        let page = match self.meet(&request) {
            None => None,
            Some(Meeting::Page(page)) => Some(Box::new(page)),
            Some(Meeting::Preflight(response)) => {
                return Dispatched::at_once(State::Refused(Some(*response)));
            }
        };
        let is_head = request.method() == HttpMethod::HEAD;
        let mut dispatched = self.dispatch(request, form);
        dispatched.page = page;
        dispatched.is_head = is_head;
        dispatched
    }
}

impl GrpcService {
    /// What a request has to do with pages. `None` if nothing, or if that is known outside of the layers.
    #[cold]
    fn meet<B>(&self, request: &Request<B>) -> Option<Meeting> {
        match self.layers {
            Layering::Inside => None,
            Layering::None | Layering::Outside(_) => self.shared.cors.meet(request),
        }
    }

    #[inline]
    fn dispatch<B>(&self, request: Request<B>, form: Result<Form, Box<Unrecognised>>) -> Dispatched
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if let Layering::Outside(route) = &self.layers {
            let form = form.ok();
            let generation = self.shared.generation.load();
            let rest = rest_path(&generation, &request, form);
            let is_rest = rest.is_some();
            let (path, protocol) = match &rest {
                Some(path) => (&**path, Some(REST)),
                None => (request.uri().path(), form.map(|form| form.protocol.name())),
            };
            let report = protocol.and_then(|protocol| {
                let log = self.shared.calls.log();
                // If it is refused for its session, that is told where it comes out of the layers.
                let session = self.shared.sessions.named_by(request.headers(), is_rest);
                let session = session.ok().flatten();
                let peer = self.peer.as_ref();
                let begin = call_begin(log, &generation, &request, path, protocol, peer, session.as_ref());
                CallReport::begin(log, begin)
            });
            let link = Link {
                peer: self.peer.clone(),
                record: report.as_ref().map(|report| Arc::clone(report.record())),
                is_rest,
                ..Link::default()
            };
            let layered = LayeredFuture::new(Route::clone(route), request, link, report);
            return Dispatched {
                state: State::Layered(Box::pin(layered)),
                // Layers are anybody's code, which may compute for long.
                leaves_connection: true,
                page: None,
                is_head: false,
            };
        }
        let mut request = RequestBody::of(request);
        let link = self.take_link(&mut request);
        let link = link.as_deref();
        let peer = link.map_or(&self.peer, |link| &link.peer).as_ref();
        let generation = self.shared.generation.load();
        if may_be_rest(form.as_ref().ok().copied())
            && let Some(found) = self.find_rest(&generation, &request, form.is_err())
        {
            return self.dispatch_rest(&generation, request, found, link);
        }
        let refused = match form {
            Ok(form) => {
                let (session, admitted) = match self.shared.sessions.of_call(request.headers(), false) {
                    Ok(session) => {
                        let of = session.as_ref();
                        let admitted = self.admit(&generation, &request, form, of, peer.is_some());
                        (session, admitted)
                    }
                    Err(status) => (None, Err(status.into())),
                };
                match admitted {
                    Ok(call) => return self.start(call, request, session, link),
                    Err(Refusal::Status { status, is_unmatched }) => {
                        let (path, protocol) = (request.uri().path(), form.protocol.name());
                        let log = self.shared.calls.log();
                        let session = session.as_ref();
                        let begin = call_begin(log, &generation, &request, path, protocol, peer, session);
                        self.refuse(form, &status, is_unmatched, begin, link)
                    }
                    Err(Refusal::Http(unrecognised)) => self.refuse_http(*unrecognised, request, peer),
                }
            }
            Err(unrecognised) => self.refuse_http(*unrecognised, request, peer),
        };
        Dispatched::at_once(refused)
    }
}
