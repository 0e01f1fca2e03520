//! What the server answers with at one moment: a schema, and a handler for each method.
//!
//! A generation is immutable. The server holds one; a swap publishes the next, and a call keeps the one that it
//! started with.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Error;
use crate::handler::{BoxHandler, Handlers, Lifecycle};
use crate::schema::{Method, Schema};

/// A method, and what answers it.
pub(super) struct Endpoint {
    pub(super) method: EndpointMethod,
    /// Nothing answers it: UNIMPLEMENTED.
    pub(super) handler: Option<BoxHandler>,
    /// Its calls belong to the server, whatever the generation: nothing that is swapped takes part in them.
    pub(super) outlives_generation: bool,
}

/// The method of an endpoint.
pub(super) enum EndpointMethod {
    /// Of the schema that is served.
    Known(Arc<Method>),
    /// Of another one, by name, and how to find it there: that schema is built when somebody calls it.
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
    pub(super) lifecycle: Lifecycle,
    /// By `/package.Service/Method`.
    endpoints: HashMap<String, Endpoint>,
}

impl Generation {
    /// Joins a schema and its handlers; `builtin` are the server's own services, which give way to the schema's.
    pub(super) fn new(
        schema: Schema,
        handlers: Handlers,
        builtin: Vec<Endpoint>,
        lifecycle: Lifecycle,
    ) -> Result<Self, Error> {
        let handlers = handlers.resolve(&schema)?;
        let mut endpoints: HashMap<String, Endpoint> = builtin
            .into_iter()
            .map(|endpoint| (endpoint.method.path(), endpoint))
            .collect();
        for method in schema.methods() {
            let path = method.path().to_owned();
            let method = EndpointMethod::Known(Arc::clone(method));
            let endpoint = match endpoints.remove(&path) {
                Some(builtin) => Endpoint { method, ..builtin },
                None => Endpoint {
                    method,
                    handler: handlers.fallback.clone(),
                    outlives_generation: false,
                },
            };
            endpoints.insert(path, endpoint);
        }
        for (method, handler) in handlers.by_method {
            endpoints.insert(
                method.path().to_owned(),
                Endpoint {
                    method: EndpointMethod::Known(method),
                    handler: Some(handler),
                    outlives_generation: false,
                },
            );
        }
        Ok(Self {
            schema,
            lifecycle,
            endpoints,
        })
    }

    /// The full names of all services, the server's own included.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.endpoints.values().map(|endpoint| endpoint.method.service())
    }

    /// The method at a request's path.
    pub(super) fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        self.endpoints.get(path)
    }
}
