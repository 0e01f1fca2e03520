//! Building, binding, serving and reloading a server.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use prost_reflect::DynamicMessage;
use tonic::Status;

use super::builtin::builtin_endpoints;
use super::call_limit::CallsInFlight;
use super::deadline::DeadlinePolicy;
use super::dispatch::{GrpcService, Shared};
use super::generation::{Generation, Handlers};
use super::health::Health;
use crate::error::Error;
use crate::handler::{Call, CallLimits, Handler, Lifecycle, Phase};
use crate::message::{Bounds, DEFAULT_MAX_ELEMENTS, MAX_DEPTH};
use crate::rules::Rules;
use crate::sample::Sampler;
use crate::schema::Schema;
use crate::transport::{Limits, ListenAddr, Listener, Tls, serve};

/// A schema and its handlers, ready to serve. Cheap to clone; clones are the same server.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use prost_reflect::Value;
/// use protod::{Schema, Server};
///
/// let schema = Schema::load("proto")?;
/// let server = Server::builder(schema)
///     .unary("proto.SearchService/Search", |request, call| async move {
///         let mut response = call.response();
///         let asked = request.get_field_by_name("request").expect("the proto has it");
///         let answer = format!("{} Server", asked.as_str().unwrap_or_default());
///         response.set_field_by_name("response", Value::String(answer));
///         Ok(response)
///     })
///     .build()?;
/// server.bind("127.0.0.1:9002").await?.serve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
    options: Arc<Options>,
}

/// What stays the same over the generations of a server.
#[derive(Debug)]
struct Options {
    reflection: bool,
    health: Health,
    limits: Limits,
    tls: Option<Tls>,
    drain_timeout: Duration,
    drain_old: Option<Duration>,
}

impl Server {
    /// Starts with a schema whose methods nothing answers yet.
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
            max_calls: ServerBuilder::DEFAULT_MAX_CALLS,
            options: Options {
                reflection: true,
                health: Health::default(),
                limits: Limits::default(),
                tls: None,
                drain_timeout: ServerBuilder::DEFAULT_DRAIN_TIMEOUT,
                drain_old: None,
            },
        }
    }

    /// The server as a tower service, to be mounted into a tonic `Routes`, an axum `Router` or any HTTP/2 server.
    pub fn service(&self) -> GrpcService {
        GrpcService::new(Arc::clone(&self.shared))
    }

    /// Binds `host:port`, where port 0 takes a free one, or `unix:/path`.
    pub async fn bind(&self, address: &str) -> Result<Bound, Error> {
        self.on(Listener::bind(address).await?)
    }

    /// Serves on a listener that is bound already.
    pub fn on(&self, listener: Listener) -> Result<Bound, Error> {
        Ok(Bound {
            local_addr: listener.local_addr()?,
            listener,
            server: self.clone(),
        })
    }

    /// What `grpc.health.v1.Health` answers.
    pub fn health(&self) -> &Health {
        &self.options.health
    }

    /// Answers from another schema and other handlers from the next call on; calls in flight keep what they
    /// started with. On an error nothing changes.
    pub fn reload(&self, schema: Schema, handlers: Handlers) -> Result<(), Error> {
        let shared = &self.shared;
        let mut number = shared.number.lock().unwrap_or_else(PoisonError::into_inner);
        let lifecycle = self.options.lifecycle(&shared.lifecycle, *number + 1);
        let generation = self.options.generation(schema, handlers, lifecycle)?;
        self.options.announce(&generation);
        shared.generation.store(Arc::new(generation));
        *number += 1;
        if self.options.drain_old.is_some() {
            shared.lifecycle.replace(*number);
        }
        Ok(())
    }
}

impl Options {
    /// Joins a schema, its handlers and the server's own services.
    fn generation(
        &self,
        schema: Schema,
        handlers: Handlers,
        lifecycle: Lifecycle,
    ) -> Result<Generation, Error> {
        let system = builtin_endpoints(&schema, &self.health, self.reflection);
        Generation::new(schema, handlers, system, lifecycle)
    }

    /// The lifecycle of the calls of a generation.
    fn lifecycle(&self, server: &Lifecycle, number: u64) -> Lifecycle {
        match self.drain_old {
            Some(grace) => server.of_generation(number, grace),
            None => server.clone(),
        }
    }

    /// Tells health which services there are.
    fn announce(&self, generation: &Generation) {
        self.health.set_services(generation.services());
    }
}

/// A server with its socket: clients can connect, and are answered once it serves.
#[derive(Debug)]
#[must_use = "a bound server answers nobody until it serves"]
pub struct Bound {
    server: Server,
    listener: Listener,
    local_addr: ListenAddr,
}

impl Bound {
    /// The address that clients reach the server at, with the real port.
    pub fn local_addr(&self) -> &ListenAddr {
        &self.local_addr
    }

    /// Serves for ever.
    pub async fn serve(self) -> Result<(), Error> {
        self.serve_until(std::future::pending()).await
    }

    /// Serves until `stop` resolves, then drains: the listener closes, health turns NOT_SERVING, open calls may
    /// finish within the [drain timeout](ServerBuilder::drain_timeout), and what is left ends with `UNAVAILABLE`.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Server { shared, options } = self.server;
        let lifecycle = shared.lifecycle.clone();
        let service = GrpcService::new(shared);
        let new_service = move |peer| service.of_peer(peer);
        let serving = serve(
            self.listener,
            options.tls.clone(),
            options.limits.clone(),
            lifecycle.clone(),
            new_service,
        );
        let mut serving = pin!(serving);
        tokio::select! {
            () = &mut serving => return Ok(()),
            () = stop => {}
        }
        tracing::info!("draining: open calls have {:?} to finish", options.drain_timeout);
        options.health.shutdown();
        lifecycle.advance(Phase::Draining);
        if tokio::time::timeout(options.drain_timeout, &mut serving)
            .await
            .is_err()
        {
            tracing::warn!("the drain timeout has passed: what is left of the open calls ends now");
            lifecycle.advance(Phase::Ended);
            serving.await;
        }
        tracing::info!("drained");
        Ok(())
    }
}

/// Puts a [`Server`] together.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ServerBuilder {
    schema: Schema,
    handlers: Handlers,
    limits: CallLimits,
    deadlines: DeadlinePolicy,
    max_calls: usize,
    options: Options,
}

impl ServerBuilder {
    /// The default of [`max_receive_size`](Self::max_receive_size): 4 MiB.
    pub const DEFAULT_MAX_RECEIVE_SIZE: usize = 4 << 20;
    /// The default of [`max_send_size`](Self::max_send_size): 4 GiB, the most that a gRPC frame can hold.
    pub const DEFAULT_MAX_SEND_SIZE: usize = u32::MAX as usize;
    /// The default of [`max_elements`](Self::max_elements): 1,048,576.
    pub const DEFAULT_MAX_ELEMENTS: u32 = DEFAULT_MAX_ELEMENTS;
    /// The default of [`max_depth`](Self::max_depth), and the most that it can be: 100.
    pub const DEFAULT_MAX_DEPTH: u32 = MAX_DEPTH;
    /// The default of [`max_call_memory`](Self::max_call_memory): 64 MiB.
    pub const DEFAULT_MAX_CALL_MEMORY: usize = 64 << 20;
    /// The default of [`max_calls`](Self::max_calls): 10,000.
    pub const DEFAULT_MAX_CALLS: usize = 10_000;
    /// The default of [`drain_timeout`](Self::drain_timeout): 10 s.
    pub const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

    /// Answers a method of any shape; see [`Handlers`] for this and the next four, and for what closures must not do
    /// with their call.
    pub fn handler(mut self, method: impl Into<String>, handler: impl Handler) -> Self {
        self.handlers = self.handlers.handler(method, handler);
        self
    }

    /// Answers one request with one response.
    pub fn unary<F, A>(mut self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
    {
        self.handlers = self.handlers.unary(method, answer);
        self
    }

    /// Answers one request with any number of [`Call::send`]s.
    pub fn server_streaming<F, A>(mut self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.handlers = self.handlers.server_streaming(method, answer);
        self
    }

    /// Answers any number of [`Call::recv`]s with one response.
    pub fn client_streaming<F, A>(mut self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
    {
        self.handlers = self.handlers.client_streaming(method, answer);
        self
    }

    /// Receives and sends in any order.
    pub fn bidi<F, A>(mut self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.handlers = self.handlers.bidi(method, answer);
        self
    }

    /// Answers with rules the methods that they name.
    pub fn rules(mut self, rules: &Rules) -> Self {
        self.handlers = self.handlers.rules(rules);
        self
    }

    /// Answers with samples the methods that nothing else answers. Default: they are `UNIMPLEMENTED`.
    pub fn samples(mut self, sampler: Sampler) -> Self {
        self.handlers = self.handlers.samples(sampler);
        self
    }

    /// Adds handlers that were put together elsewhere.
    pub fn handlers(mut self, handlers: Handlers) -> Self {
        self.handlers = self.handlers.and(handlers);
        self
    }

    /// Whether server reflection is answered, v1 and v1alpha. Default: yes.
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

    /// How many values one message may hold, each element of a list counted. Default: 1,048,576.
    pub fn max_elements(mut self, elements: u32) -> Self {
        self.limits.bounds.max_elements = elements;
        self
    }

    /// How deep messages may be nested; more than 100, the default, is taken as 100: no decoder goes deeper.
    pub fn max_depth(mut self, levels: u32) -> Self {
        self.limits.bounds.max_depth = levels.min(MAX_DEPTH);
        self
    }

    /// What one call may hold in memory, in bytes: messages that are not whole yet, that are decompressed, or that
    /// its rule keeps. Over it the call ends with `RESOURCE_EXHAUSTED`. Default: 64 MiB.
    pub fn max_call_memory(mut self, bytes: usize) -> Self {
        self.limits.max_memory = bytes;
        self
    }

    /// Calls in flight at a time, over all connections; one more ends with `RESOURCE_EXHAUSTED` at once.
    /// Default: 10,000.
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.max_calls = calls;
        self
    }

    /// The longest that a call may take, whatever deadline its client sets; then it ends with `DEADLINE_EXCEEDED`.
    /// Default: as long as the client says.
    pub fn max_deadline(mut self, time: Duration) -> Self {
        self.deadlines.max = Some(time);
        self
    }

    /// How long a call may take whose client sets no deadline. Default: for ever.
    pub fn default_deadline(mut self, time: Duration) -> Self {
        self.deadlines.default = Some(time);
        self
    }

    /// How long open calls may go on once the server stops; then they end with `UNAVAILABLE`. Default: 10 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.options.drain_timeout = timeout;
        self
    }

    /// How long calls may go on after a [`reload`](Server::reload) has replaced what they began with; then they end
    /// with `UNAVAILABLE`. Default: as long as they like.
    pub fn drain_old(mut self, timeout: Duration) -> Self {
        self.options.drain_old = Some(timeout);
        self
    }

    /// Connections, streams, sizes and times; see [`Limits`] for the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Serves TLS. Default: plain text.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.options.tls = Some(tls);
        self
    }

    /// Checks every handler against the schema.
    ///
    /// Fails when a handler names a method that the schema does not have, or one of another shape.
    pub fn build(self) -> Result<Server, Error> {
        let lifecycle = Lifecycle::new();
        let of_first = self.options.lifecycle(&lifecycle, 0);
        let generation = self.options.generation(self.schema, self.handlers, of_first)?;
        self.options.announce(&generation);
        let shared = Shared {
            generation: ArcSwap::from_pointee(generation),
            limits: self.limits,
            deadlines: self.deadlines,
            calls: CallsInFlight::new(self.max_calls),
            number: Mutex::new(0),
            lifecycle,
            next_id: AtomicU64::new(1),
        };
        Ok(Server {
            shared: Arc::new(shared),
            options: Arc::new(self.options),
        })
    }
}
