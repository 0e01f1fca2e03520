//! The client's end of a connection: its address and its certificates.

use std::fmt;
use std::net::SocketAddr;

#[cfg(feature = "tls")]
use tokio_rustls::rustls::pki_types::CertificateDer;

/// The address of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerAddr {
    /// Address and port.
    Tcp(SocketAddr),
    /// A process on this machine that connected through a Unix socket.
    #[cfg(unix)]
    Unix,
}

/// The client at the other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    addr: PeerAddr,
    #[cfg(feature = "tls")]
    certificates: Vec<CertificateDer<'static>>,
}

impl Peer {
    /// A client that showed no certificate.
    pub(crate) fn new(addr: PeerAddr) -> Self {
        Self {
            addr,
            #[cfg(feature = "tls")]
            certificates: Vec::new(),
        }
    }

    /// A client with the certificates that it showed, verified.
    #[cfg(feature = "tls")]
    pub(crate) fn with_certificates(addr: PeerAddr, certificates: Vec<CertificateDer<'static>>) -> Self {
        Self { addr, certificates }
    }

    /// The client's address.
    pub fn addr(&self) -> PeerAddr {
        self.addr
    }

    /// The client's verified certificate, followed by the intermediate ones that it sent. Empty if the server does not ask
    /// for client certificates.
    #[cfg(feature = "tls")]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            #[cfg(unix)]
            Self::Unix => f.write_str("unix:"),
        }
    }
}
