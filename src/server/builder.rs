//! Building, binding, serving and reloading a server.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use prost_reflect::DynamicMessage;
use tonic::Status;

use super::dispatch::{GrpcService, Shared};
use super::generation::{Generation, Handlers};
use super::health::Health;
use super::limits::Limits;
use super::listen::{ListenAddr, Listener, serve};
use super::system::system_handlers;
use super::tls::Tls;
use crate::Error;
use crate::handler::{Call, CallLimits, Handler, Lifecycle, Phase};
use crate::message::DEFAULT_MAX_ELEMENTS;
use crate::rules::Rules;
use crate::sample::Sampler;
use crate::schema::Schema;

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
}

impl Server {
    /// Starts with a schema whose methods nothing answers yet.
    pub fn builder(schema: Schema) -> ServerBuilder {
        ServerBuilder {
            schema,
            handlers: Handlers::new(),
            limits: CallLimits {
                max_receive_size: 4 * 1024 * 1024,
                max_send_size: usize::MAX,
                max_elements: DEFAULT_MAX_ELEMENTS,
            },
            options: Options {
                reflection: true,
                health: Health::default(),
                limits: Limits::default(),
                tls: None,
                drain_timeout: Duration::from_secs(10),
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
        let generation = self.options.generation(schema, handlers)?;
        self.options.announce(&generation);
        self.shared.generation.store(Arc::new(generation));
        Ok(())
    }
}

impl Options {
    /// Joins a schema, its handlers and the server's own services.
    fn generation(&self, schema: Schema, handlers: Handlers) -> Result<Generation, Error> {
        let system = system_handlers(&schema, &self.health, self.reflection);
        Generation::new(schema, handlers, system)
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
    options: Options,
}

impl ServerBuilder {
    /// Answers a method of any shape; see [`Handlers`] for this and the next four.
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

    /// The largest message sent, in bytes, before compression. Default: no limit but the protocol's 4 GiB.
    pub fn max_send_size(mut self, bytes: usize) -> Self {
        self.limits.max_send_size = bytes;
        self
    }

    /// How many values one message may hold, each element of a list counted. Default: 1,048,576.
    pub fn max_elements(mut self, elements: u32) -> Self {
        self.limits.max_elements = elements;
        self
    }

    /// How long open calls may go on once the server stops; then they end with `UNAVAILABLE`. Default: 10 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.options.drain_timeout = timeout;
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
        let generation = self.options.generation(self.schema, self.handlers)?;
        self.options.announce(&generation);
        let shared = Shared {
            generation: ArcSwap::from_pointee(generation),
            limits: self.limits,
            lifecycle: Lifecycle::new(),
            next_id: AtomicU64::new(1),
        };
        Ok(Server {
            shared: Arc::new(shared),
            options: Arc::new(self.options),
        })
    }
}
