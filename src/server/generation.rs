//! What the server answers with at one moment: a schema, and a handler for each method.
//!
//! A generation is immutable. The server holds one; a swap publishes the next, and a call keeps the one that it
//! started with.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use prost_reflect::DynamicMessage;
use tonic::Status;

use crate::error::Error;
use crate::handler::{BoxHandler, Call, Handler, Lifecycle, bidi, client_streaming, server_streaming, unary};
use crate::rules::Rules;
use crate::sample::{SampleHandler, Sampler};
use crate::schema::{Method, Schema};

/// The handlers of a server, by method.
///
/// Names are `package.Service/Method`; they are looked up when the server is built, and a name that the schema
/// does not have, or whose shape is another, is an error then. A later handler for a method replaces an earlier one.
///
/// A closure owns its [`Call`], and has to have dropped it when its future ends: a call that was handed to a task
/// which outlives the closure sends nothing any more, and ends with `INTERNAL`, or with the closure's own error.
#[derive(Default)]
pub struct Handlers {
    by_name: Vec<(String, Shape, BoxHandler)>,
    /// Answers what nothing else does.
    samples: Option<Sampler>,
}

/// What a closure's signature says of its method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A [`Handler`], which takes any.
    Any,
    Of {
        client_streaming: bool,
        server_streaming: bool,
    },
}

impl Shape {
    /// The builder method for a method of this shape.
    fn name(self) -> &'static str {
        match self {
            Self::Any => "handler",
            Self::Of {
                client_streaming: false,
                server_streaming: false,
            } => "unary",
            Self::Of {
                client_streaming: false,
                server_streaming: true,
            } => "server_streaming",
            Self::Of {
                client_streaming: true,
                server_streaming: false,
            } => "client_streaming",
            Self::Of {
                client_streaming: true,
                server_streaming: true,
            } => "bidi",
        }
    }
}

impl Handlers {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers a method of any shape.
    #[must_use]
    pub fn handler(self, method: impl Into<String>, handler: impl Handler) -> Self {
        self.add(method, Shape::Any, Arc::new(handler))
    }

    /// Answers one request with one response.
    ///
    /// The closure has to have dropped its call when it ends; no task may hold it longer.
    #[must_use]
    pub fn unary<F, A>(self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
    {
        self.add(
            method,
            Shape::Of {
                client_streaming: false,
                server_streaming: false,
            },
            unary(answer),
        )
    }

    /// Answers one request with any number of [`Call::send`]s.
    ///
    /// The closure has to have dropped its call when it ends; no task may hold it longer.
    #[must_use]
    pub fn server_streaming<F, A>(self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.add(
            method,
            Shape::Of {
                client_streaming: false,
                server_streaming: true,
            },
            server_streaming(answer),
        )
    }

    /// Answers any number of [`Call::recv`]s with one response.
    ///
    /// The closure has to have dropped its call when it ends; no task may hold it longer.
    #[must_use]
    pub fn client_streaming<F, A>(self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
    {
        self.add(
            method,
            Shape::Of {
                client_streaming: true,
                server_streaming: false,
            },
            client_streaming(answer),
        )
    }

    /// Receives and sends in any order.
    ///
    /// The closure has to have dropped its call when it ends; no task may hold it longer.
    #[must_use]
    pub fn bidi<F, A>(self, method: impl Into<String>, answer: F) -> Self
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.add(
            method,
            Shape::Of {
                client_streaming: true,
                server_streaming: true,
            },
            bidi(answer),
        )
    }

    /// Answers with rules the methods that they name.
    #[must_use]
    pub fn rules(self, rules: &Rules) -> Self {
        rules.handlers().fold(self, |handlers, (method, rules)| {
            handlers.add(method.name(), Shape::Any, rules)
        })
    }

    /// Answers with samples the methods that nothing else answers. Default: they are `UNIMPLEMENTED`.
    #[must_use]
    pub fn samples(mut self, sampler: Sampler) -> Self {
        self.samples = Some(sampler);
        self
    }

    /// These handlers and then `others`.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.by_name.extend(others.by_name);
        self.samples = others.samples.or(self.samples);
        self
    }

    fn add(mut self, method: impl Into<String>, shape: Shape, handler: BoxHandler) -> Self {
        self.by_name.push((method.into(), shape, handler));
        self
    }
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.by_name.iter().map(|(name, ..)| name))
            .finish()
    }
}

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
    /// Joins a schema and its handlers; `system` are the server's own services, which give way to the schema's.
    pub(super) fn new(
        schema: Schema,
        handlers: Handlers,
        system: Vec<Endpoint>,
        lifecycle: Lifecycle,
    ) -> Result<Self, Error> {
        let mut endpoints: HashMap<String, Endpoint> = system
            .into_iter()
            .map(|endpoint| (endpoint.method.path(), endpoint))
            .collect();
        let samples = handlers
            .samples
            .map(|sampler| Arc::new(SampleHandler::new(sampler)) as BoxHandler);
        for method in schema.methods() {
            let path = method.path().to_owned();
            let method = EndpointMethod::Known(Arc::clone(method));
            let endpoint = match endpoints.remove(&path) {
                Some(system) => Endpoint { method, ..system },
                None => Endpoint {
                    method,
                    handler: samples.clone(),
                    outlives_generation: false,
                },
            };
            endpoints.insert(path, endpoint);
        }
        for (name, shape, handler) in handlers.by_name {
            let method = schema.require_method(&name)?;
            let actual = Shape::Of {
                client_streaming: method.is_client_streaming(),
                server_streaming: method.is_server_streaming(),
            };
            if shape != Shape::Any && shape != actual {
                let (actual, shape) = (actual.name(), shape.name());
                return Err(Error::wrong_shape(format!(
                    "{name} is a {actual} method and was given a {shape} handler"
                )));
            }
            endpoints.insert(
                method.path().to_owned(),
                Endpoint {
                    method: EndpointMethod::Known(Arc::clone(method)),
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
