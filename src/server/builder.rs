//! [`ServerBuilder`]: the handlers, limits and options of a server.
//!
//! Every limit has a default with which a server that nobody watches stays up.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::service::InterceptorLayer;
use tower::{Layer, Service};

use super::call_answer::BoxError;
use super::call_limit::CallsInFlight;
use super::cors::Cors;
use super::deadline::DeadlinePolicy;
use super::dispatch::{GrpcService, Shared};
use super::handle::{Options, Server};
use super::health::Health;
use super::layers::{Layers, Route};
#[cfg(feature = "validate")]
use super::validation::Validation;
use crate::error::Error;
use crate::handler::{
    CallLimits, CallLog, CallWriter, Handler, Handlers, LargeMessages, Lifecycle, Shape, Unprepared,
    handler_methods,
};
use crate::journal::JournalOptions;
use crate::message::{Bounds, MAX_DEPTH};
use crate::protocol::HttpRules;
use crate::schema::{DescriptorEdition, Schema};
use crate::session::Sessions;
use crate::trace::Tracer;
use crate::transport::{ConnectionCounts, Limits, Tls};

impl Server {
    /// Starts to build a server for `schema`, with no handlers yet.
    pub fn builder(schema: Schema) -> ServerBuilder {
        ServerBuilder {
            schema,
            handlers: Handlers::new(),
            limits: CallLimits {
                max_receive_size: ServerBuilder::DEFAULT_MAX_RECEIVE_SIZE,
                max_send_size: ServerBuilder::DEFAULT_MAX_SEND_SIZE,
                max_memory: ServerBuilder::DEFAULT_MAX_CALL_MEMORY,
                bounds: Bounds {
                    max_elements: ServerBuilder::DEFAULT_MAX_ELEMENTS,
                    max_depth: ServerBuilder::DEFAULT_MAX_DEPTH,
                },
            },
            deadlines: DeadlinePolicy::default(),
            message_memory: ServerBuilder::DEFAULT_MAX_MESSAGE_MEMORY,
            max_calls: ServerBuilder::DEFAULT_MAX_CALLS,
            max_sessions: ServerBuilder::DEFAULT_MAX_SESSIONS,
            log_calls: false,
            call_writer: None,
            journal: None,
            metrics: false,
            keeps_open: false,
            tracer: None,
            cors: Cors::default(),
            layers: Layers::default(),
            options: Options {
                reflection: true,
                reflection_edition: DescriptorEdition::default(),
                health: Health::default(),
                limits: Limits::default(),
                tls: None,
                drain_timeout: ServerBuilder::DEFAULT_DRAIN_TIMEOUT,
                drain_old: None,
                http_rules: Vec::new(),
                #[cfg(feature = "validate")]
                validation: Validation {
                    on: false,
                    except: Vec::new(),
                    max_cost: ServerBuilder::DEFAULT_MAX_VALIDATION_COST,
                },
            },
        }
    }
}

/// Builds a [`Server`], which has an example: the handlers of its methods, the layers around them, and its limits.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ServerBuilder {
    schema: Schema,
    handlers: Handlers,
    limits: CallLimits,
    message_memory: usize,
    deadlines: DeadlinePolicy,
    max_calls: usize,
    pub(super) max_sessions: usize,
    pub(super) log_calls: bool,
    pub(super) call_writer: Option<CallWriter>,
    pub(super) journal: Option<JournalOptions>,
    pub(super) metrics: bool,
    pub(super) keeps_open: bool,
    tracer: Option<Tracer>,
    cors: Cors,
    layers: Layers,
    options: Options,
}

impl ServerBuilder {
    handler_methods!();

    /// Adds handlers: those of rules, as `.handlers(&rules)`, or [`Handlers`] that were built elsewhere. They replace earlier
    /// ones of the same methods; [rules that leave calls to others](crate::guide#rules-in-front-of-handlers) stand in front of
    /// them.
    pub fn handlers(mut self, handlers: impl Into<Handlers>) -> Self {
        self.handlers = self.handlers.and(handlers);
        self
    }

    /// Answers the methods that have no handler, for instance with samples, as `.fallback(Sampler::default())`. Default: they
    /// are `UNIMPLEMENTED`.
    pub fn fallback(mut self, handler: impl Handler) -> Self {
        self.handlers = self.handlers.fallback(handler);
        self
    }

    /// Shares a value with all handlers, as [`Handlers::state`] does. The handlers of a [reload](Server::reload) bring their
    /// own.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.handlers = self.handlers.state(value);
        self
    }

    fn add(mut self, method: String, shape: Shape, handler: Unprepared) -> Self {
        self.handlers = self.handlers.add(method, shape, handler);
        self
    }

    /// Puts a tower layer around the server: those of `tower` and `tower-http` as they are, or your own. It sees every
    /// request, those for reflection and health too, and is kept by a [`reload`](Server::reload).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::{Request, StatusCode};
    /// use protod::{Peer, Schema, Server};
    /// use tower::ServiceBuilder;
    /// use tower_http::timeout::TimeoutLayer;
    /// use tower_http::trace::TraceLayer;
    ///
    /// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
    /// let server = Server::builder(schema)
    ///     .layer(
    ///         ServiceBuilder::new()
    ///             .layer(TraceLayer::new_for_grpc())
    ///             .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(5)))
    ///             .map_request(|request: Request<_>| {
    ///                 let peer = request.extensions().get::<Peer>().expect("protod's own listener tells it");
    ///                 println!("{} from {}", request.uri().path(), peer.addr());
    ///                 request
    ///             }),
    ///     )
    ///     .build()?;
    /// # Ok::<(), protod::Error>(())
    /// ```
    ///
    /// As in axum, a layer that is added later is around those before it. Within a `ServiceBuilder` it is the other way
    /// round: the first sees the request first.
    ///
    /// A layer finds the client as a [`Peer`](crate::handler::Peer) among the extensions of the request, and what it adds to
    /// them a handler finds in [`Call::extensions`](crate::handler::Call::extensions). What it answers itself reaches a
    /// gRPC client as a status:
    ///
    /// | the layer | the client |
    /// |---|---|
    /// | fails with a [`Status`], or with an error that one has caused | that status |
    /// | fails with the `Elapsed` of `tower`'s timeout | `DEADLINE_EXCEEDED` |
    /// | fails with the `Overloaded` of `tower`'s load-shed | `RESOURCE_EXHAUSTED` |
    /// | fails with any other error | `UNKNOWN` and the error's text |
    /// | answers 401 | `UNAUTHENTICATED` |
    /// | answers 403 | `PERMISSION_DENIED` |
    /// | answers 404 | `UNIMPLEMENTED` |
    /// | answers 408 | `DEADLINE_EXCEEDED` |
    /// | answers 413 | `RESOURCE_EXHAUSTED` |
    /// | answers 429, 502, 503 or 504 | `UNAVAILABLE` |
    /// | answers 400 or 500 | `INTERNAL` |
    /// | answers anything else that is not gRPC | `UNKNOWN` |
    ///
    /// The text of such an HTTP answer is the message of the status. In Connect's calls of one message, and by REST, an HTTP answer
    /// stays what it is; in Connect a text with a status from 400 on becomes an error in JSON, with this status. An error of a
    /// response's body becomes the status at its end.
    ///
    /// A layer's time-out is for the time to the headers of the response. [`max_deadline`](Self::max_deadline) is for the whole
    /// call, streams included. tower-http's time-outs of bodies are for the time between two messages; their error is one of
    /// the others, so the client gets `UNKNOWN` and its text. The services of layers must be `Clone`, so tower's rate limit needs a `Buffer` around it.
    ///
    /// A call of a server with layers costs a few allocations more. If all you need is to look at metadata, and to refuse,
    /// see [`intercept`](Self::intercept).
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.layers.push(layer);
        self
    }

    /// Lets a function look at the metadata and extensions of each request, change them, or refuse the call: an
    /// interceptor of tonic. It is a [layer](Self::layer), in the order of layers.
    ///
    /// ```
    /// use protod::{Schema, Server};
    /// use tonic::Status;
    ///
    /// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
    /// let server = Server::builder(schema)
    ///     .intercept(|request| match request.metadata().get("authorization") {
    ///         Some(token) if token == "Bearer secret" => Ok(request),
    ///         _ => Err(Status::unauthenticated("send the token of this server")),
    ///     })
    ///     .build()?;
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn intercept<F>(self, interceptor: F) -> Self
    where
        F: FnMut(tonic::Request<()>) -> Result<tonic::Request<()>, Status> + Clone + Send + Sync + 'static,
    {
        self.layer(InterceptorLayer::new(interceptor))
    }

    /// The newest edition of the descriptors that reflection gives, for clients that know no newer one. grpcurl 1.9.3, for one,
    /// refuses those of 2024. Default: as protoc writes them.
    ///
    /// ```
    /// use protod::schema::DescriptorEdition;
    /// use protod::{Schema, Server};
    ///
    /// let schema = Schema::from_source("m.proto", "edition = \"2024\"; message M {}")?;
    /// let server = Server::builder(schema).reflection_edition(DescriptorEdition::Edition2023).build()?;
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn reflection_edition(mut self, newest: DescriptorEdition) -> Self {
        self.options.reflection_edition = newest;
        self
    }

    /// A service config with rules of `google.api.http`, by which methods are called by REST: the section `http` of
    /// `google.api.Service`, in YAML or JSON. May be called more than once; the rules in protos count in any case, see
    /// [`HttpRules::load`](crate::HttpRules::load). The file is read by [`build`](Self::build) and by each
    /// [reload](Server::reload), which fail if a rule is wrong.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), protod::Error> {
    /// use protod::{Schema, Server};
    ///
    /// let server = Server::builder(Schema::load("api")?).http_rules("api/service.yaml").build()?;
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_rules(mut self, config: impl Into<PathBuf>) -> Self {
        self.options.http_rules.push(config.into());
        self
    }

    /// Whether the server answers server reflection, v1 and v1alpha. Default: yes.
    pub fn reflection(mut self, reflection: bool) -> Self {
        self.options.reflection = reflection;
        self
    }

    /// The largest message taken, in bytes, decompressed. Default: 4 MiB.
    pub fn max_receive_size(mut self, bytes: usize) -> Self {
        self.limits.max_receive_size = bytes;
        self
    }

    /// The largest message sent, in bytes, before compression. Default: 4 GiB, the most
    /// that a gRPC frame can hold.
    pub fn max_send_size(mut self, bytes: usize) -> Self {
        self.limits.max_send_size = bytes;
        self
    }

    /// How many values one message may hold, counting each element of a list. Default: 1,048,576.
    pub fn max_elements(mut self, elements: u32) -> Self {
        self.limits.bounds.max_elements = elements;
        self
    }

    /// How deep messages may be nested. Default: 100, which is also the maximum, since no decoder goes deeper.
    pub fn max_depth(mut self, levels: u32) -> Self {
        self.limits.bounds.max_depth = levels.min(MAX_DEPTH);
        self
    }

    /// What one call may hold in memory, in bytes: messages that are incomplete, that are decompressed, or that its rule
    /// keeps. A call over the limit ends with `RESOURCE_EXHAUSTED`. Default: 64 MiB.
    pub fn max_call_memory(mut self, bytes: usize) -> Self {
        self.limits.max_memory = bytes;
        self
    }

    /// What messages of more than 64 KiB may hold in memory together, in bytes, over all calls: one half is for requests, from
    /// their begin until their calls are done with them, the other for responses that are not sent yet. Those that find no
    /// room wait; after ten seconds their calls end with `RESOURCE_EXHAUSTED`. Default: 64 MiB.
    ///
    /// The responses of closures that return them are sent whether there is room or not.
    pub fn max_message_memory(mut self, bytes: usize) -> Self {
        self.message_memory = bytes;
        self
    }

    /// Calls in flight at a time, over all connections. One more ends with `RESOURCE_EXHAUSTED` at once.
    /// Default: 10,000.
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.max_calls = calls;
        self
    }

    /// Makes spans of calls, which wait in the tracer until an exporter sends them: see [`otlp`](crate::otlp). Default: no call becomes
    /// a span.
    pub fn traces(mut self, tracer: &Tracer) -> Self {
        self.tracer = Some(tracer.clone());
        self
    }

    /// Which web pages may call the server from a browser, by gRPC-Web and Connect. Default: those of this machine; see
    /// [`Cors`]. Browsers are answered before the [layers](Self::layer) see their requests: give [`Cors::none`] to a server whose
    /// layers do it.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// How long a call may take, whatever deadline its client sets. Then it ends with `DEADLINE_EXCEEDED`.
    /// Default: no limit.
    pub fn max_deadline(mut self, time: Duration) -> Self {
        self.deadlines.max = Some(time);
        self
    }

    /// How long a call may take if its client sets no deadline. Default: no limit.
    pub fn default_deadline(mut self, time: Duration) -> Self {
        self.deadlines.default = Some(time);
        self
    }

    /// How long open calls may go on after the server was told to stop. Then they end with `UNAVAILABLE`. Default: 10 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.options.drain_timeout = timeout;
        self
    }

    /// How long calls may go on after a [`reload`](Server::reload) has replaced the schema and handlers that they began
    /// with. Then they end with `UNAVAILABLE`. Default: no limit.
    pub fn drain_old(mut self, timeout: Duration) -> Self {
        self.options.drain_old = Some(timeout);
        self
    }

    /// Whether each request is checked against the rules that its proto declares with `buf.validate`, before a handler sees
    /// it. One that breaks rules ends the call with `INVALID_ARGUMENT`; [`ValidationError`](crate::validate::ValidationError)
    /// has the details. For a handler it is [`Call::recv`](crate::handler::Call::recv) that fails. Default: no.
    ///
    /// ```
    /// use protod::{Message, Schema, Server};
    ///
    /// let schema = Schema::from_source(
    ///     "shop.proto",
    ///     r#"
    ///     syntax = "proto3";
    ///     package shop;
    ///     import "buf/validate/validate.proto";
    ///     service Orders { rpc Place(Order) returns (Order); }
    ///     message Order { int32 count = 1 [(buf.validate.field).int32.gt = 0]; }
    ///     "#,
    /// )?;
    /// let server = Server::builder(schema)
    ///     .unary("shop.Orders/Place", |order: Message| async { Ok(order) })
    ///     .validate(true)
    ///     .build()?;
    /// # Ok::<(), protod::Error>(())
    /// ```
    ///
    /// The rules are compiled by [`build`](Self::build) and by each [reload](Server::reload), which fail if one is wrong.
    #[cfg(feature = "validate")]
    pub fn validate(mut self, validate: bool) -> Self {
        self.options.validation.on = validate;
        self
    }

    /// Does not [validate](Self::validate) the requests of a method, `package.Service/Method`, or of all methods of a
    /// service, `package.Service`.
    #[cfg(feature = "validate")]
    pub fn validate_except(mut self, name: impl Into<String>) -> Self {
        self.options.validation.except.push(name.into());
        self
    }

    /// What the [validation](Self::validate) of one message may cost; one that needs more ends the call with
    /// `RESOURCE_EXHAUSTED`. A unit is what a small part of an expression costs, some 20 ns. Default: 1,000,000, which
    /// takes less than 50 ms.
    #[cfg(feature = "validate")]
    pub fn max_validation_cost(mut self, units: u64) -> Self {
        self.options.validation.max_cost = units;
        self
    }

    /// The limits of connections; see [`Limits`] for the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Serves TLS. Default: no TLS.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.options.tls = Some(tls);
        self
    }

    /// Looks up every handler's method in the schema.
    ///
    /// Fails if the schema does not have the method, if a closure is for a method of another shape, if it takes a
    /// [`State`](crate::handler::State) that is not there, and if it takes requests as a
    /// [`Typed`](crate::message::Typed) that does not fit them. [`Error::problems`] has all that is wrong, for each handler.
    ///
    /// With [`validate`](Self::validate) it also fails if a rule of a proto does not compile, and if the schema does not have
    /// what is [excepted](Self::validate_except).
    pub fn build(self) -> Result<Server, Error> {
        #[cfg(feature = "validate")]
        self.options.validation.expect_names(&self.schema)?;
        let lifecycle = Lifecycle::new();
        let rest = HttpRules::load(&self.schema, &self.options.http_rules)?;
        let generation = self
            .options
            .generation(self.schema, self.handlers, rest, &lifecycle, 0)?;
        self.options.announce(&generation);
        let shared = Shared {
            generation: ArcSwap::from_pointee(generation),
            limits: self.limits,
            deadlines: self.deadlines,
            calls: CallsInFlight::new(
                self.max_calls,
                CallLog::new(
                    self.log_calls,
                    self.call_writer,
                    self.journal.as_ref(),
                    self.keeps_open,
                    self.metrics,
                    self.tracer,
                ),
                LargeMessages::new(self.message_memory),
            ),
            cors: self.cors,
            connections: ConnectionCounts::default(),
            sessions: Sessions::new(self.max_sessions),
            number: Mutex::new(0),
            lifecycle,
        };
        let shared = Arc::new(shared);
        let layers = self.layers.wrap(|| GrpcService::innermost(Arc::clone(&shared)));
        Ok(Server {
            shared,
            layers: layers.map(Arc::new),
            options: Arc::new(self.options),
        })
    }
}
