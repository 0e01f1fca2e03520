//! From the socket to a request: listeners, TLS, HTTP/1.1 and HTTP/2, and the limits of connections.
//!
//! `serve` accepts connections and gives each request to a tower service, which is its parameter: the transport
//! does not know who answers.
//!
//! | file | what it does |
//! |---|---|
//! | `listener`, `socket`, `socket_stream`, `address`, `accept` | what gives connections, and the loop that accepts them |
//! | `tls`, `handshake_fault` | certificates and handshakes, and what to do where one fails |
//! | `http2/preface`, `tls_record`, `wrong_protocol` | tell HTTP/2 from HTTP/1, and refuse clients that speak neither, or no TLS on a port with it |
//! | `replayed` | a stream of which those have read the beginning |
//! | `http1` | requests of HTTP/1.1, one at a time, whose ends are beyond doubt |
//! | `http2/flood` | ends connections that send too many useless frames |
//! | `http2/late_window_update` | keeps draining connections open that h2 would end |
//! | `buffered_io` | reads and writes in large pieces |
//! | `connection` | one connection, and the reasons to end it: drain, age, idleness |
//! | `counts` | how many there are, and were |
//! | `keep_alive` | looks whether a client is still there of whom nothing is heard |
//! | `http_service` | what answers requests |
//! | `streams` | runs the streams of a connection, and ends those that outlive their call |
//! | `limits` | all limits of connections, with their defaults |

mod accept;
mod address;
mod buffered_io;
mod connection;
mod counts;
#[cfg(feature = "tls")]
mod handshake_fault;
mod http1;
mod http2;
mod http_service;
mod keep_alive;
mod limits;
mod listener;
mod replayed;
mod socket;
mod socket_stream;
mod streams;
#[cfg(test)]
mod tests;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_record;
mod wrong_protocol;

pub(crate) use self::accept::serve;
pub(crate) use self::counts::ConnectionCounts;
pub(crate) use self::http1::OverHttp1;
pub use self::limits::Limits;
pub use self::listener::{ListenAddr, Listener};
pub use self::socket::Socket;
pub use self::socket_stream::SocketStream;
pub(crate) use self::streams::call_began;
#[cfg(not(feature = "tls"))]
pub(crate) use self::tls::Tls;
#[cfg(feature = "tls")]
pub use self::tls::{Tls, TlsFiles};
