//! A generation: the schema and the handlers that a server answers with at one moment.
//!
//! Generations are immutable. The server holds one, a reload publishes the next, and a call keeps the one that it began
//! with.
//!
//! What stands in [front](Generation::with_front) of the handlers is replaced alone: the rules that are put at run time. The rest is
//! shared with the generation before, however large the schema is.

use std::collections::hash_map::Entry;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::fronts::{AttachedOfSession, Fronts, OfSessions};
use crate::error::Error;
use crate::handler::{Attached, BoxHandler, Handlers, Lifecycle, RequestCheck, States};
use crate::metrics::{CallCounters, MethodCounters};
use crate::protocol::{Binding, HttpRules};
use crate::schema::{FastMap, Method, Schema};
use crate::session::Session;

/// A method, and what answers it.
pub(super) struct Endpoint {
    pub(super) method: EndpointMethod,
    /// `None` if nothing answers the method, which is then UNIMPLEMENTED.
    handler: Option<BoxHandler>,
    /// What answers it for the calls of sessions that have something of their own in front. `None` if none has.
    of_sessions: Option<Box<OfSessions>>,
    /// Checks its requests. `None` if they are taken as they come.
    pub(super) check: Option<Arc<dyn RequestCheck>>,
    /// Whether its calls do not depend on the generation, and so go on when it is replaced.
    pub(super) outlives_generation: bool,
    /// How it is called by REST by its name. Made at the first such call, like its method.
    by_name: OnceLock<Arc<Binding>>,
    /// Where its calls are counted. Found at the first call.
    counters: OnceLock<Arc<MethodCounters>>,
}

impl Endpoint {
    pub(super) fn new(
        method: EndpointMethod,
        handler: Option<BoxHandler>,
        outlives_generation: bool,
    ) -> Self {
        Self {
            method,
            handler,
            of_sessions: None,
            check: None,
            outlives_generation,
            by_name: OnceLock::new(),
            counters: OnceLock::new(),
        }
    }

    /// What answers its calls of a session, or of none.
    #[inline]
    pub(super) fn handler(&self, session: Option<&Session>) -> Option<&BoxHandler> {
        let own = self.of_sessions.as_ref().and_then(|own| own.get(session?));
        own.or(self.handler.as_ref())
    }

    /// Where its calls are counted, among those of all methods.
    #[inline]
    pub(super) fn counters(&self, all: &CallCounters) -> &Arc<MethodCounters> {
        self.counters
            .get_or_init(|| all.of_method(self.method.get().name()))
    }

    /// The same method, which another handler answers.
    fn answered_by(&self, handler: Option<BoxHandler>) -> Self {
        Self {
            method: self.method.clone(),
            handler,
            of_sessions: None,
            check: self.check.clone(),
            outlives_generation: self.outlives_generation,
            by_name: self.by_name.clone(),
            counters: self.counters.clone(),
        }
    }

    /// How it is called by REST by its name.
    pub(super) fn by_name(&self) -> &Arc<Binding> {
        self.by_name.get_or_init(|| Binding::by_name(self.method.get()))
    }
}

/// The method of an endpoint.
#[derive(Clone)]
pub(super) enum EndpointMethod {
    /// A method of the schema that is served.
    Known(Arc<Method>),
    /// A method of another schema: its name, and a function that finds it. That schema is built at the first call.
    Named(&'static str, fn(&'static str) -> &'static Arc<Method>),
}

impl EndpointMethod {
    #[inline]
    pub(super) fn get(&self) -> &Arc<Method> {
        match self {
            Self::Known(method) => method,
            Self::Named(name, find) => find(name),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Known(method) => method.path().to_owned(),
            Self::Named(name, _) => format!("/{name}"),
        }
    }

    /// The full name of its service.
    fn service(&self) -> &str {
        match self {
            Self::Known(method) => method.service(),
            Self::Named(name, _) => name.rsplit_once('/').map_or(name, |(service, _)| service),
        }
    }
}

/// A schema with its handlers, ready to be called by path.
pub(super) struct Generation {
    pub(super) schema: Schema,
    /// How many generations there were before it.
    pub(super) number: u64,
    pub(super) lifecycle: Lifecycle,
    /// What the handlers share.
    pub(super) states: Option<Arc<States>>,
    /// What the handlers have brought along.
    pub(super) attached: Vec<Attached>,
    /// How its methods are called by REST.
    pub(super) rest: HttpRules,
    /// By `/package.Service/Method`.
    endpoints: Arc<FastMap<String, Endpoint>>,
    /// The full names of the server's own services.
    builtin: Vec<String>,
    /// Those with something in front, by path.
    fronted: FastMap<String, Endpoint>,
    /// What stands in front has brought along.
    pub(super) attached_in_front: Vec<Attached>,
    /// The same, of what stands in front for one session.
    pub(super) attached_of_sessions: Vec<AttachedOfSession>,
}

impl Generation {
    /// Joins a schema and its handlers with `builtin`, the server's own services. Handlers replace them. `check` gives what checks
    /// the requests of the schema's own methods.
    pub(super) fn new(
        schema: Schema,
        handlers: Handlers,
        builtin: Vec<Endpoint>,
        rest: HttpRules,
        check: impl Fn(&Method) -> Option<Arc<dyn RequestCheck>>,
        lifecycle: Lifecycle,
        number: u64,
    ) -> Result<Self, Error> {
        let handlers = handlers.resolve(&schema)?;
        let mut services: Vec<String> = builtin
            .iter()
            .map(|own| own.method.service().to_owned())
            .collect();
        services.dedup();
        let count = builtin.len() + schema.methods().len();
        let mut endpoints = FastMap::with_capacity_and_hasher(count, RandomState::default());
        endpoints.extend(
            builtin
                .into_iter()
                .map(|endpoint| (endpoint.method.path(), endpoint)),
        );
        for method in schema.methods() {
            let known = EndpointMethod::Known(Arc::clone(method));
            match endpoints.entry(method.path().to_owned()) {
                Entry::Occupied(mut builtin) => builtin.get_mut().method = known,
                Entry::Vacant(free) => {
                    free.insert(Endpoint::new(known, handlers.fallback.clone(), false));
                }
            }
        }
        for (method, handler) in handlers.by_method {
            let path = method.path().to_owned();
            let endpoint = Endpoint::new(EndpointMethod::Known(method), Some(handler), false);
            endpoints.insert(path, endpoint);
        }
        for endpoint in endpoints.values_mut() {
            if let EndpointMethod::Known(method) = &endpoint.method {
                endpoint.check = check(method);
            }
        }
        Ok(Self {
            schema,
            number,
            lifecycle,
            states: handlers.states,
            attached: handlers.attached,
            rest,
            builtin: services,
            endpoints: Arc::new(endpoints),
            fronted: FastMap::default(),
            attached_in_front: Vec::new(),
            attached_of_sessions: Vec::new(),
        })
    }

    /// The same with `fronts` in place of what stood in front of its handlers.
    ///
    /// Fails if `fronts` have handlers of methods that the schema does not have.
    pub(super) fn with_front(&self, fronts: Fronts, number: u64) -> Result<Self, Error> {
        // Of each, the method stays what the handler behind was made for: their types may be of another pool.
        let at = |method: &Method| self.endpoints.get(method.path());
        let front = fronts
            .of_all
            .resolve_before(&self.schema, |method| at(method)?.handler.clone())?;
        let fronted = front.by_method.into_iter().filter_map(|(method, handler)| {
            let endpoint = at(&method)?.answered_by(Some(handler));
            Some((method.path().to_owned(), endpoint))
        });
        let mut fronted: FastMap<String, Endpoint> = fronted.collect();
        let mut attached_of_sessions = Vec::with_capacity(fronts.of_sessions.len());
        for (session, handlers) in fronts.of_sessions {
            let own = handlers.resolve_before(&self.schema, |method| {
                let behind = fronted.get(method.path()).or_else(|| at(method))?;
                behind.handler.clone()
            })?;
            for (method, handler) in own.by_method {
                let Some(endpoint) = at(&method) else { continue };
                let endpoint = fronted
                    .entry(method.path().to_owned())
                    .or_insert_with(|| endpoint.answered_by(endpoint.handler.clone()));
                let of_sessions = endpoint.of_sessions.get_or_insert_default();
                of_sessions.insert(&session, handler);
            }
            attached_of_sessions.push(AttachedOfSession {
                session,
                attached: own.attached,
            });
        }
        Ok(Self {
            schema: self.schema.clone(),
            number,
            lifecycle: self.lifecycle.clone(),
            states: self.states.clone(),
            attached: self.attached.clone(),
            rest: self.rest.clone(),
            fronted,
            endpoints: Arc::clone(&self.endpoints),
            builtin: self.builtin.clone(),
            attached_in_front: front.attached,
            attached_of_sessions,
        })
    }

    /// The full names of all services, including the server's own.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        let builtin = self.builtin.iter().map(String::as_str);
        self.schema.services().chain(builtin)
    }

    /// The endpoint at a request's path.
    pub(super) fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        if !self.fronted.is_empty()
            && let Some(endpoint) = self.fronted.get(path)
        {
            return Some(endpoint);
        }
        self.endpoints.get(path)
    }
}
