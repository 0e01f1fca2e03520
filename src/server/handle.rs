//! [`Server`]: what its owner holds, and the swap of its schema and handlers by [`reload`](Server::reload).

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::builtin::builtin_endpoints;
use super::dispatch::{GrpcService, Shared};
use super::fronts::Fronts;
use super::generation::Generation;
use super::health::Health;
use super::layers::Route;
#[cfg(feature = "validate")]
use super::validation::Validation;
use crate::error::Error;
use crate::handler::{Handlers, Lifecycle};
use crate::protocol::HttpRules;
use crate::schema::{DescriptorEdition, Schema};
use crate::session::SessionId;
use crate::transport::{Limits, Tls};

/// A schema and its handlers, ready to serve. Cheap to clone: all clones are the same server.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use protod::{Schema, Server, Typed};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct SearchRequest { request: String }
///
/// #[derive(Serialize)]
/// struct SearchResponse { response: String }
///
/// let server = Server::builder(Schema::load("proto")?)
///     .unary("proto.SearchService/Search", |Typed(asked): Typed<SearchRequest>| async move {
///         Ok(Typed(SearchResponse { response: format!("{} Server", asked.request) }))
///     })
///     .build()?;
/// server.bind("127.0.0.1:9002").await?.serve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) shared: Arc<Shared>,
    /// The service with its layers; `None` if there are none.
    pub(super) layers: Option<Arc<Route>>,
    pub(super) options: Arc<Options>,
}

/// What stays the same over the generations of a server.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) reflection: bool,
    /// The newest edition of descriptors that clients get.
    pub(super) reflection_edition: DescriptorEdition,
    pub(super) health: Health,
    pub(super) limits: Limits,
    pub(super) tls: Option<Tls>,
    pub(super) drain_timeout: Duration,
    pub(super) drain_old: Option<Duration>,
    /// The service configs with rules of `google.api.http`.
    pub(super) http_rules: Vec<PathBuf>,
    #[cfg(feature = "validate")]
    pub(super) validation: Validation,
}

/// What a server had before a reload. Calls in flight may have it still.
pub(crate) struct Replaced(#[expect(dead_code, reason = "it is kept until it is dropped")] Arc<Generation>);

impl fmt::Debug for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaced").finish_non_exhaustive()
    }
}

impl Server {
    /// The server as a tower service, to be mounted into a tonic `Routes`, an axum `Router` or any HTTP/2 server. The
    /// server's own [layers](super::ServerBuilder::layer) are around it there too.
    pub fn service(&self) -> GrpcService {
        GrpcService::new(Arc::clone(&self.shared), self.layers.clone())
    }

    /// What `grpc.health.v1.Health` answers.
    pub fn health(&self) -> &Health {
        &self.options.health
    }

    /// How methods are called by REST at this moment.
    pub fn http_rules(&self) -> HttpRules {
        self.shared.generation.load().rest.clone()
    }

    /// The schema that new calls get.
    pub fn schema(&self) -> Schema {
        self.shared.generation.load().schema.clone()
    }

    /// How often the schema and the handlers have been replaced.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load().number
    }

    /// How many calls are in flight, those of reflection and health included.
    pub fn calls_in_flight(&self) -> usize {
        self.shared.calls.in_flight()
    }

    /// Of what the handlers of the moment have brought along, all of a type, that of those in front first.
    pub(crate) fn attached<T: Any + Send + Sync>(&self) -> Vec<Arc<T>> {
        let generation = self.shared.generation.load();
        let attached = generation.attached_in_front.iter().chain(&generation.attached);
        attached
            .filter_map(|attached| Arc::clone(attached).downcast().ok())
            .collect()
    }

    /// The same, of what stands in front for the calls of one session, with the name of that. What is of a session that has
    /// ended is not among it.
    pub(crate) fn attached_of_sessions<T: Any + Send + Sync>(&self) -> Vec<(SessionId, Arc<T>)> {
        let generation = self.shared.generation.load();
        let of_sessions = generation.attached_of_sessions.iter();
        let of_sessions = of_sessions.filter(|own| self.shared.sessions.has(&own.session));
        let found = of_sessions.flat_map(|own| {
            let attached = own.attached.iter();
            let attached = attached.filter_map(|attached| Arc::clone(attached).downcast().ok());
            attached.map(|attached| (own.session.clone(), attached))
        });
        found.collect()
    }

    /// Replaces the schema and the handlers. The next call uses the new ones; calls in flight keep those that they began
    /// with.
    ///
    /// Fails like [`ServerBuilder::build`](super::ServerBuilder::build), and then changes nothing.
    pub fn reload(&self, schema: Schema, handlers: Handlers) -> Result<(), Error> {
        self.reload_with_front(schema, handlers, Fronts::default())
            .map(drop)
    }

    /// The same, with what stands in front of the handlers. To drop a large schema that is not served any more takes a while,
    /// which the caller may have later.
    pub(crate) fn reload_with_front(
        &self,
        schema: Schema,
        handlers: Handlers,
        fronts: Fronts,
    ) -> Result<Replaced, Error> {
        let replaced = self.replace(|earlier, number| {
            let rest = earlier.rest.clone().reload(&schema, &self.options.http_rules)?;
            let server = &self.shared.lifecycle;
            let generation = self.options.generation(schema, handlers, rest, server, number)?;
            let generation = generation.with_front(fronts, number)?;
            self.options.announce(&generation);
            Ok(generation)
        })?;
        if self.options.drain_old.is_some() {
            let number = self.shared.generation.load().number;
            self.shared.lifecycle.replace(number);
        }
        Ok(replaced)
    }

    /// Fails if a [reload](Self::reload) with this schema would, as far as that is not up to the handlers. Changes nothing.
    #[cfg(feature = "live")]
    pub(crate) fn check(&self, schema: &Schema) -> Result<(), Error> {
        let earlier = self.shared.generation.load();
        let _ = earlier.rest.clone().reload(schema, &self.options.http_rules)?;
        #[cfg(feature = "validate")]
        let _ = self.options.validation.checks(schema)?;
        Ok(())
    }

    /// Replaces only what stands in front of the handlers. Calls in flight go on, however old.
    pub(crate) fn reload_front(&self, fronts: Fronts) -> Result<(), Error> {
        self.replace(|earlier, number| earlier.with_front(fronts, number))
            .map(drop)
    }

    /// Replaces the generation by what `next` makes of it, with the number that it gets. Returns the earlier one.
    fn replace(
        &self,
        next: impl FnOnce(&Generation, u64) -> Result<Generation, Error>,
    ) -> Result<Replaced, Error> {
        let shared = &self.shared;
        let mut number = shared.number.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = next(&shared.generation.load(), *number + 1)?;
        let replaced = shared.generation.swap(Arc::new(generation));
        *number += 1;
        Ok(Replaced(replaced))
    }
}

impl Options {
    /// Joins a schema, its handlers and the server's own services.
    pub(super) fn generation(
        &self,
        schema: Schema,
        handlers: Handlers,
        rest: HttpRules,
        server: &Lifecycle,
        number: u64,
    ) -> Result<Generation, Error> {
        let lifecycle = self.lifecycle(server, number);
        let reflection = self.reflection.then_some(self.reflection_edition);
        let system = builtin_endpoints(&schema, &self.health, reflection);
        #[cfg(feature = "validate")]
        let checks = self.validation.checks(&schema)?;
        #[cfg(feature = "validate")]
        let check = |method: &_| checks.of(method);
        #[cfg(not(feature = "validate"))]
        let check = |_: &_| None;
        Generation::new(schema, handlers, system, rest, check, lifecycle, number)
    }

    /// The lifecycle of the calls of a generation.
    fn lifecycle(&self, server: &Lifecycle, number: u64) -> Lifecycle {
        match self.drain_old {
            Some(grace) => server.of_generation(number, grace),
            None => server.clone(),
        }
    }

    /// Tells health which services there are.
    pub(super) fn announce(&self, generation: &Generation) {
        self.health.set_services(generation.services());
    }
}
