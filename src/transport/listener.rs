//! [`Listener`]: what gives a server its connections.
//!
//! Everything that the transport does to a connection, TLS, time-outs, floods, draining, it does to the connections of any
//! listener.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::keep_alive::keep_alive;
use crate::handler::Peer;
#[cfg(unix)]
use crate::handler::PeerAddr;

/// What a [`Server`](crate::server::Server) accepts its connections from.
///
/// protod's own [`Socket`](super::Socket) is one, and so are tokio's `TcpListener` and `UnixListener`. Any other source of
/// byte streams becomes one with two methods. This one hands out the ends of pipes in memory, so that a test needs no
/// port:
///
/// ```
/// use std::io;
///
/// use protod::{ListenAddr, Listener, Peer};
/// use tokio::io::DuplexStream;
/// use tokio::sync::mpsc;
///
/// struct Pipes(mpsc::Receiver<DuplexStream>);
///
/// impl Listener for Pipes {
///     type Io = DuplexStream;
///
///     async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
///         match self.0.recv().await {
///             Some(pipe) => Ok((pipe, Peer::new("pipe"))),
///             None => std::future::pending().await,
///         }
///     }
///
///     fn local_addr(&self) -> io::Result<ListenAddr> {
///         Ok(ListenAddr::Other("pipe".into()))
///     }
/// }
///
/// # use protod::{Schema, Server};
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
/// # let server = Server::builder(schema).build()?;
/// let (connect, pipes) = mpsc::channel(1);
/// let bound = server.on(Pipes(pipes))?;
/// tokio::spawn(bound.serve());
///
/// let (client, server) = tokio::io::duplex(64 << 10);
/// connect.send(server).await?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection, and says who is at its other end. A listener that will give no more waits forever.
    ///
    /// An error of one connection, such as [`ConnectionAborted`](io::ErrorKind::ConnectionAborted), is followed by the next
    /// `accept` at once; after any other the server pauses first, up to a second.
    ///
    /// The server waits for one connection at a time, so a listener that does a handshake should do it on a task:
    /// otherwise one client that says nothing keeps all others out. The future is dropped only when the server stops.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Peer)>> + Send;

    /// The address at which clients reach it.
    fn local_addr(&self) -> io::Result<ListenAddr>;

    /// Makes sure that a connection ends if its client is gone without a word: the client is asked for a sign of life when
    /// nothing has come for `silence`, and has `patience` to give one.
    ///
    /// It is called for each connection that was accepted, unless the server has no
    /// [`keepalive_interval`](super::Limits::keepalive_interval). HTTP/2 has pings of its own, and HTTP/1.1 has not.
    /// Default: does nothing.
    fn keep_alive(connection: &Self::Io, silence: Duration, patience: Duration) {
        let _ = (connection, silence, patience);
    }
}

/// The address of a [`Listener`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenAddr {
    /// Address and port; the actual port where 0 was asked for.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    #[cfg(unix)]
    Unix(PathBuf),
    /// What a listener of another kind calls its address.
    Other(String),
}

impl ListenAddr {
    /// Whether only this machine can reach it, as far as is known: not if it is [`Other`](Self::Other).
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addr) => addr.ip().is_loopback(),
            #[cfg(unix)]
            Self::Unix(_) => true,
            Self::Other(_) => false,
        }
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Peer)> {
        let (stream, addr) = Self::accept(self).await?;
        // Small frames must not wait for one another. This fails if the client is gone already; then the first read
        // fails too.
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer::new(addr)))
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        Self::local_addr(self).map(ListenAddr::Tcp)
    }

    fn keep_alive(connection: &TcpStream, silence: Duration, patience: Duration) {
        keep_alive(connection, silence, patience);
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;

    async fn accept(&mut self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = Self::accept(self).await?;
        Ok((stream, Peer::new(PeerAddr::Unix)))
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        let addr = Self::local_addr(self)?;
        Ok(match addr.as_pathname() {
            Some(path) => ListenAddr::Unix(path.to_owned()),
            None => ListenAddr::Other("a Unix socket without a path".to_owned()),
        })
    }
}
