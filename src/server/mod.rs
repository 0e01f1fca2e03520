//! From the socket to a handler.

mod deadline;
mod dispatch;
mod generation;

pub use self::dispatch::{Dispatched, GrpcService};
pub use self::generation::Handlers;
