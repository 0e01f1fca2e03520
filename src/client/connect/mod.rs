//! From an address to a channel on which the server has spoken HTTP/2.
//!
//! tonic takes a connection for made as soon as the socket is open: that the server speaks TLS, or HTTP/1, or wants a
//! certificate, shows only in the first call, as a broken pipe. So the connector is our own. It listens to what the server
//! says first, and the channel is ready when that is HTTP/2. If it is not, [`ConnectFault`] says what it is.

mod address;
mod connector;
mod fault;
mod first_words;
mod given;
mod http_stream;
mod probe;
mod socket;
mod tls;
mod verifier;

pub(super) use self::address::Address;
pub(super) use self::connector::Connector;
pub use self::fault::ConnectFault;
pub(super) use self::fault::{ConnectError, NotTheProtocol, chain, find, reason_of};
pub(super) use self::given::GivenStream;
pub(super) use self::http_stream::HttpConnector;
pub(super) use self::socket::{Duplex, open};
pub use self::tls::ClientTls;
