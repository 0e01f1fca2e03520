//! Handlers by method name: what a server is built from, and what a reload swaps.
//!
//! Rules and samples come in here as well: rules convert into [`Handlers`], and a sampler is a [`Handler`].

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::closures::{HandlerFn, Prepared};
use super::setup::Setup;
use super::state::States;
use super::traits::{BoxHandler, Front, Handler, fronted};
use crate::error::{Error, Fault, Problem};
use crate::schema::{Method, Schema};

/// The handlers of a server, by method.
///
/// Names are `package.Service/Method`. They are looked up when the server is built; a name that the schema does not
/// have, or a closure for a method of another shape, is an error then. A later handler for a method replaces an
/// earlier one.
///
/// ```
/// use protod::{Call, Handlers, Message, Schema, Server};
///
/// let handlers = Handlers::new()
///     .unary("proto.SearchService/Search", |_: Message, call: Call| async move { Ok(call.response()) })
///     .bidi("proto.StreamService/Route", |mut call: Call| async move {
///         while let Some(_message) = call.recv().await? {
///             let response = call.response();
///             call.send(response).await?;
///         }
///         Ok(())
///     });
/// let server = Server::builder(Schema::load("proto")?).handlers(handlers).build()?;
/// # Ok::<(), protod::Error>(())
/// ```
///
/// A closure owns its [`Call`](crate::handler::Call) and must drop it before its future ends. A call that was moved
/// into a task which outlives the closure sends nothing more, and ends with `INTERNAL`, or with the closure's own error.
///
/// Rules convert into `Handlers`, as `Handlers::from(&rules)`: one for each method that they name. Those that leave calls to
/// others pass them to the handler that they would replace, or to the fallback.
#[derive(Default)]
#[must_use]
pub struct Handlers {
    by_name: Vec<(String, Shape, Unprepared)>,
    /// The methods that handlers were compiled for, by their names. Their types may be of another pool than those of the
    /// schema that is served.
    compiled_for: HashMap<String, Arc<Method>>,
    /// What they share.
    states: States,
    /// What whoever steers the server is to know of them.
    attached: Vec<Attached>,
    /// Answers the methods that nothing else answers.
    fallback: Option<BoxHandler>,
}

/// Something that handlers bring along, of a type that only who made them knows. No call sees it.
pub(crate) type Attached = Arc<dyn Any + Send + Sync>;

type Prepare = dyn FnOnce(&mut Setup<'_>) -> Prepared + Send + Sync;

/// A handler that has not met its method yet.
pub(crate) enum Unprepared {
    /// It answers any method.
    Ready(BoxHandler),
    /// It is checked against its method first.
    Closure(Box<Prepare>),
    /// It is put in front of what answers the method without it, if something does.
    Front(Box<PutInFront>),
}

type PutInFront = dyn FnOnce(Option<BoxHandler>) -> BoxHandler + Send + Sync;

impl Unprepared {
    pub(crate) fn closure<K: 'static, A: 'static>(answer: impl HandlerFn<K, A>) -> Self {
        Self::Closure(Box::new(|setup| answer.prepare(setup)))
    }

    /// `without` is what answers the method without it.
    fn prepare(self, setup: &mut Setup<'_>, without: Option<BoxHandler>) -> BoxHandler {
        match self {
            Self::Ready(handler) => handler,
            Self::Closure(prepare) => prepare(setup).0,
            Self::Front(put) => put(without),
        }
    }
}

/// Which methods a handler can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A [`Handler`], which answers methods of every shape.
    Any,
    /// A closure, whose signature says which of client and server stream.
    Of {
        client_streaming: bool,
        server_streaming: bool,
    },
}

impl Shape {
    fn of(method: &Method) -> Self {
        Self::Of {
            client_streaming: method.is_client_streaming(),
            server_streaming: method.is_server_streaming(),
        }
    }

    /// The method of [`Handlers`] that adds handlers of this shape.
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

/// Defines the methods that add one handler. [`Handlers`] has them, and so has the server's builder; both have a
/// function `add(self, String, Shape, Unprepared) -> Self`.
macro_rules! handler_methods {
    () => {
        /// Answers a method of any shape.
        pub fn handler(self, method: impl Into<String>, handler: impl $crate::handler::Handler) -> Self {
            self.add(
                method.into(),
                $crate::handler::Shape::Any,
                $crate::handler::Unprepared::Ready(::std::sync::Arc::new(handler)),
            )
        }

        /// Answers one request with one response.
        ///
        /// [`HandlerFn`](crate::handler::HandlerFn) lists what the closure may take. If it takes its call, it must drop it
        /// before it ends; no task may hold it longer.
        pub fn unary<Args: 'static>(
            self,
            method: impl Into<String>,
            answer: impl $crate::handler::HandlerFn<$crate::handler::Unary, Args>,
        ) -> Self {
            let shape = $crate::handler::Shape::Of {
                client_streaming: false,
                server_streaming: false,
            };
            let answer = $crate::handler::Unprepared::closure(answer);
            self.add(method.into(), shape, answer)
        }

        /// Answers one request with any number of [`Call::send`](crate::handler::Call::send)s.
        ///
        /// [`HandlerFn`](crate::handler::HandlerFn) lists what the closure may take. It must drop its call before it ends;
        /// no task may hold it longer.
        pub fn server_streaming<Args: 'static>(
            self,
            method: impl Into<String>,
            answer: impl $crate::handler::HandlerFn<$crate::handler::ServerStreaming, Args>,
        ) -> Self {
            let shape = $crate::handler::Shape::Of {
                client_streaming: false,
                server_streaming: true,
            };
            let answer = $crate::handler::Unprepared::closure(answer);
            self.add(method.into(), shape, answer)
        }

        /// Answers any number of [`Call::recv`](crate::handler::Call::recv)s with one response.
        ///
        /// [`HandlerFn`](crate::handler::HandlerFn) lists what the closure may take. It must drop its call before it ends;
        /// no task may hold it longer.
        pub fn client_streaming<Args: 'static>(
            self,
            method: impl Into<String>,
            answer: impl $crate::handler::HandlerFn<$crate::handler::ClientStreaming, Args>,
        ) -> Self {
            let shape = $crate::handler::Shape::Of {
                client_streaming: true,
                server_streaming: false,
            };
            let answer = $crate::handler::Unprepared::closure(answer);
            self.add(method.into(), shape, answer)
        }

        /// Receives and sends in any order.
        ///
        /// [`HandlerFn`](crate::handler::HandlerFn) lists what the closure may take. It must drop its call before it ends;
        /// no task may hold it longer.
        pub fn bidi<Args: 'static>(
            self,
            method: impl Into<String>,
            answer: impl $crate::handler::HandlerFn<$crate::handler::Bidi, Args>,
        ) -> Self {
            let shape = $crate::handler::Shape::Of {
                client_streaming: true,
                server_streaming: true,
            };
            let answer = $crate::handler::Unprepared::closure(answer);
            self.add(method.into(), shape, answer)
        }
    };
}

pub(crate) use handler_methods;

impl Handlers {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    handler_methods!();

    /// Answers the methods that have no handler, for instance with samples, as `.fallback(Sampler::default())`. Default: they
    /// are `UNIMPLEMENTED`.
    pub fn fallback(mut self, handler: impl Handler) -> Self {
        self.fallback = Some(Arc::new(handler));
        self
    }

    /// Shares a value with all handlers: closures take it as [`State`](super::State), and a [`Handler`] asks
    /// [`Call::state`](super::Call::state) for it. One value of each type; a later one replaces an earlier one.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Adds `others`, which replace handlers of the same methods; their fallback, if they have one, replaces
    /// this one, and what they share becomes shared by all.
    pub fn and(mut self, others: impl Into<Self>) -> Self {
        let others = others.into();
        self.by_name.extend(others.by_name);
        self.compiled_for.extend(others.compiled_for);
        self.states.extend(others.states);
        self.attached.extend(others.attached);
        self.fallback = others.fallback.or(self.fallback);
        self
    }

    /// Adds a handler that is shared with others.
    pub(crate) fn shared_handler(self, method: impl Into<String>, handler: Arc<impl Handler>) -> Self {
        self.add(method.into(), Shape::Any, Unprepared::Ready(handler))
    }

    /// Adds a handler that passes calls on to the one that it would replace, or to the fallback.
    pub(crate) fn front(self, method: impl Into<String>, front: Arc<impl Front + Handler>) -> Self {
        let put = move |without| -> BoxHandler {
            match without {
                Some(next) => fronted(front, next),
                None => front,
            }
        };
        self.add(method.into(), Shape::Any, Unprepared::Front(Box::new(put)))
    }

    /// Brings something along for whoever steers the server.
    pub(crate) fn attach(mut self, attached: Attached) -> Self {
        self.attached.push(attached);
        self
    }

    /// Answers a method as what its handler was compiled for.
    pub(crate) fn compiled_for(mut self, method: Arc<Method>) -> Self {
        self.compiled_for.insert(method.name().to_owned(), method);
        self
    }

    pub(crate) fn add(mut self, method: String, shape: Shape, handler: Unprepared) -> Self {
        self.by_name.push((method, shape, handler));
        self
    }

    /// Looks up every method in `schema`.
    ///
    /// Fails on methods that the schema does not have, on closures for methods of another shape, and on closures whose
    /// arguments do not fit: with all of them.
    pub(crate) fn resolve(self, schema: &Schema) -> Result<ResolvedHandlers, Error> {
        self.resolve_before(schema, |_| None)
    }

    /// The same, where `behind` gives what answers a method without these handlers.
    pub(crate) fn resolve_before(
        self,
        schema: &Schema,
        behind: impl Fn(&Method) -> Option<BoxHandler>,
    ) -> Result<ResolvedHandlers, Error> {
        let (states, fallback) = (&self.states, &self.fallback);
        let mut problems = Vec::new();
        let mut by_method: HashMap<String, (Arc<Method>, BoxHandler)> = HashMap::new();
        for (name, shape, handler) in self.by_name {
            let Some(method) = schema.method(&name) else {
                problems.push((Fault::UnknownName, schema.unknown_method(&name)));
                continue;
            };
            let method = self.compiled_for.get(method.name()).unwrap_or(method);
            let actual = Shape::of(method);
            if shape != Shape::Any && shape != actual {
                let (actual, shape) = (actual.name(), shape.name());
                let problem = Problem::new(format!(
                    "{name} is a {actual} method and was given a {shape} handler"
                ));
                let problem = problem.with_hint(format!("give one by `.{actual}(…)`"));
                problems.push((Fault::WrongShape, problem));
                continue;
            }
            let earlier = by_method.get(method.name());
            let without = earlier.map(|(_, earlier)| earlier.clone());
            let without = without.or_else(|| fallback.clone().or_else(|| behind(method)));
            let setup = &mut Setup {
                method,
                states,
                problems: &mut problems,
            };
            let handler = handler.prepare(setup, without);
            by_method.insert(method.name().to_owned(), (Arc::clone(method), handler));
        }
        if !problems.is_empty() {
            return Err(Error::handlers(problems));
        }
        Ok(ResolvedHandlers {
            by_method: by_method.into_values().collect(),
            fallback: self.fallback,
            states: self.states.shared(),
            attached: self.attached,
        })
    }
}

/// [`Handlers`] whose names were found in a schema.
pub(crate) struct ResolvedHandlers {
    /// One for each method.
    pub(crate) by_method: Vec<(Arc<Method>, BoxHandler)>,
    pub(crate) fallback: Option<BoxHandler>,
    /// What calls share. `None` if it is nothing.
    pub(crate) states: Option<Arc<States>>,
    /// What whoever steers the server is to know of them.
    pub(crate) attached: Vec<Attached>,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.by_name.iter().map(|(name, ..)| name))
            .finish()
    }
}
