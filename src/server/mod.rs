//! From a request to a handler, and the services that every server has.
//!
//! [`Server::builder`] collects handlers and limits. A [`Server`] answers from one generation, a schema with its
//! handlers, until a reload publishes the next; [`GrpcService`] dispatches each request to the generation of the
//! moment. [`Bound`] is a server with its listener.

mod bound;
mod builder;
mod builtin;
mod call_answer;
mod call_begin;
mod call_limit;
mod call_lines;
mod cors;
mod deadline;
mod defaults;
mod dispatch;
mod dispatched;
mod edge;
mod fronts;
mod generation;
mod handle;
mod health;
mod health_wire;
mod in_process;
mod journal;
mod layers;
mod link;
mod metrics;
mod open_calls;
mod reflection;
mod refusal;
mod rest;
mod rest_route;
mod sessions;
#[cfg(feature = "validate")]
mod validation;

pub use self::bound::Bound;
pub use self::builder::ServerBuilder;
pub use self::cors::Cors;
pub use self::dispatch::GrpcService;
pub use self::dispatched::Dispatched;
pub(crate) use self::fronts::Fronts;
#[cfg(feature = "live")]
pub(crate) use self::handle::Replaced;
pub use self::handle::Server;
pub(crate) use self::health::Refreshed;
pub use self::health::{Health, ServingStatus};
pub(crate) use self::in_process::Event;
pub use self::journal::{Journal, JournalWatch};
pub use self::layers::Route;
pub use self::metrics::{CallMetrics, Metrics};
pub use self::open_calls::{OpenCall, OpenCalls};
