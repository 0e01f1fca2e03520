//! The client's end of a connection: its address and its certificates.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

#[cfg(feature = "tls")]
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::protocol::UNANNOUNCED;

/// The address of a client: see [`Peer`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerAddr {
    /// Address and port.
    Tcp(SocketAddr),
    /// A process on this machine that connected through a Unix socket.
    #[cfg(unix)]
    Unix,
    /// What a listener of another kind calls its client.
    Other(Arc<str>),
}

/// The client at the other end of a connection. Cheap to clone.
///
/// Handlers see it as [`Call::peer`](super::Call::peer), and [layers](crate::server::ServerBuilder::layer) as an extension
/// of the request. A [`Listener`](crate::transport::Listener) gives one with each connection:
///
/// ```
/// use std::net::SocketAddr;
///
/// use protod::Peer;
///
/// let peer = Peer::new(SocketAddr::from(([127, 0, 0, 1], 50_000)));
/// assert_eq!(peer.addr().to_string(), "127.0.0.1:50000");
/// assert_eq!(Peer::new("the pipe").addr().to_string(), "the pipe");
/// ```
#[derive(Debug, Clone)]
pub struct Peer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    addr: PeerAddr,
    /// The address as the log has it, once a line has named it.
    text: OnceLock<Box<str>>,
    #[cfg(feature = "tls")]
    certificates: Vec<CertificateDer<'static>>,
    /// How many bytes of headers the client takes, as far as it has announced that.
    header_limit: AtomicU32,
}

impl Peer {
    /// A client that showed no certificate. An address that is a text is [`PeerAddr::Other`].
    pub fn new(addr: impl Into<PeerAddr>) -> Self {
        Self(Arc::new(Parts {
            addr: addr.into(),
            text: OnceLock::new(),
            #[cfg(feature = "tls")]
            certificates: Vec::new(),
            header_limit: AtomicU32::new(UNANNOUNCED),
        }))
    }

    /// A client with the certificates that it showed, which must have been verified.
    #[cfg(feature = "tls")]
    pub fn with_certificates(addr: impl Into<PeerAddr>, certificates: Vec<CertificateDer<'static>>) -> Self {
        Self(Arc::new(Parts {
            addr: addr.into(),
            text: OnceLock::new(),
            certificates,
            header_limit: AtomicU32::new(UNANNOUNCED),
        }))
    }

    /// The client's address.
    pub fn addr(&self) -> &PeerAddr {
        &self.0.addr
    }

    /// The client's address as a text, which is made once.
    pub(super) fn text(&self) -> &str {
        self.0.text.get_or_init(|| self.0.addr.to_string().into())
    }

    /// How many bytes of headers it takes in one response, as HTTP/2 counts them.
    pub(crate) fn header_limit(&self) -> u32 {
        self.0.header_limit.load(Ordering::Relaxed)
    }

    /// The same of a client that may be unknown.
    pub(crate) fn header_limit_of(peer: Option<&Self>) -> u32 {
        peer.map_or(UNANNOUNCED, Self::header_limit)
    }

    /// The client has announced how many bytes of headers it takes.
    pub(crate) fn announce_header_limit(&self, limit: u32) {
        self.0.header_limit.store(limit, Ordering::Relaxed);
    }

    /// The client's verified certificate, followed by the intermediate ones that it sent. Empty if the server does not ask
    /// for client certificates.
    #[cfg(feature = "tls")]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0.certificates
    }
}

impl From<SocketAddr> for PeerAddr {
    /// A client of IPv4 has an address of IPv4, also on a socket that listens to both.
    fn from(addr: SocketAddr) -> Self {
        Self::Tcp(SocketAddr::new(addr.ip().to_canonical(), addr.port()))
    }
}

impl From<&str> for PeerAddr {
    fn from(name: &str) -> Self {
        Self::Other(name.into())
    }
}

impl From<String> for PeerAddr {
    fn from(name: String) -> Self {
        Self::Other(name.into())
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            #[cfg(unix)]
            Self::Unix => f.write_str("unix:"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PeerAddr;

    #[test]
    fn a_client_of_ipv4_has_an_address_of_ipv4() {
        for (addr, shown) in [
            ("[::ffff:127.0.0.1]:5", "127.0.0.1:5"),
            ("127.0.0.1:5", "127.0.0.1:5"),
            ("[::1]:5", "[::1]:5"),
        ] {
            let addr = addr.parse::<std::net::SocketAddr>().expect("an address");
            assert_eq!(PeerAddr::from(addr).to_string(), shown);
        }
    }
}
