//! From a request to a handler, and the services that every server has.

mod builder;
mod builtin;
mod call_limit;
mod deadline;
mod dispatch;
mod generation;
mod health;
mod reflection;

pub use self::builder::{Bound, Server, ServerBuilder};
pub use self::dispatch::{Dispatched, GrpcService};
pub use self::generation::Handlers;
pub use self::health::{Health, ServingStatus};
