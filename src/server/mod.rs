//! From the socket to a handler, and the services that every server has.

mod batch;
mod builder;
mod calls;
mod connection;
mod deadline;
mod dispatch;
mod flood;
mod frames;
mod generation;
mod guard;
mod health;
mod late;
mod limits;
mod listen;
mod preface;
mod reflection;
mod streams;
mod system;
mod tls;

pub use self::builder::{Bound, Server, ServerBuilder};
pub use self::dispatch::{Dispatched, GrpcService};
pub use self::generation::Handlers;
pub use self::health::{Health, ServingStatus};
pub use self::limits::Limits;
pub use self::listen::{ListenAddr, Listener};
pub use self::tls::{Tls, TlsFiles};
