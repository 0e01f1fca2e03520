//! From the socket to a handler.

mod builder;
mod deadline;
mod dispatch;
mod generation;

pub use self::builder::{Server, ServerBuilder};
pub use self::dispatch::{Dispatched, GrpcService};
pub use self::generation::Handlers;
