//! The server: sockets and connections, and the services that every protod has.

mod connection;
mod health;
mod limits;
mod listen;
mod reflection;
mod shutdown;
mod tls;

pub use self::health::{Health, ServingStatus};
pub use self::limits::Limits;
pub use self::listen::{ListenAddr, Listener, Peer, PeerAddr, serve};
pub use self::shutdown::{Shutdown, ShutdownTrigger, shutdown};
pub use self::tls::{Tls, TlsFiles};
