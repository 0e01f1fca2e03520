//! From the socket to a request: listeners, TLS, HTTP/2, and the limits of connections.
//!
//! [`serve`] accepts connections and gives each request to a tower service, which is its parameter: the transport
//! does not know who answers. Its parts, in the order in which bytes pass them: [`Listener`], `accept`, [`Tls`],
//! `http2` (the preface, floods of frames, late window updates), `buffered_io`, `connection`, `streams`.

mod accept;
mod buffered_io;
mod connection;
mod http2;
mod limits;
mod listener;
mod streams;
#[cfg(test)]
mod tests;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
#[cfg(feature = "tls")]
mod tls;

pub(crate) use self::accept::serve;
pub use self::limits::Limits;
pub use self::listener::{ListenAddr, Listener};
pub(crate) use self::streams::call_began;
#[cfg(not(feature = "tls"))]
pub(crate) use self::tls::Tls;
#[cfg(feature = "tls")]
pub use self::tls::{Tls, TlsFiles};
