//! The listening socket and the accept loop.
//!
//! Accepting never waits for a client: handshakes run in the task of their connection, under a time-out. An error
//! of the process, such as no more file descriptors, is waited out with growing pauses; an error of one
//! connection is that connection's. When the server drains, the socket closes before anything else happens.

#[cfg(test)]
pub(super) mod tests;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tower::Service;
use tracing::{debug, warn};

use super::connection::serve_connection;
use super::limits::Limits;
use super::preface::{Prefaced, read_preface};
use super::tls::Tls;
use crate::Error;
use crate::handler::{Lifecycle, Peer, PeerAddr, Phase};

/// A bound socket: TCP, or on Unix a socket in the file system.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    // The file goes first: while the socket is open, its inode is nobody else's.
    Unix(SocketFile, UnixListener),
}

/// The address of a [`Listener`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// Address and port; the real port where 0 was asked for.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    #[cfg(unix)]
    Unix(PathBuf),
}

#[cfg(unix)]
type Stream = Either<TcpStream, UnixStream>;
#[cfg(not(unix))]
type Stream = TcpStream;

/// A stream as HTTP/2 sees it. Boxed with TLS, whose buffers connections without it should not have room for.
type Transport = Either<Stream, Box<TlsStream<Stream>>>;

impl Listener {
    /// Binds `host:port`, where port 0 takes a free one, or `unix:/path`.
    ///
    /// A Unix socket that a server left behind is replaced; one that a server still listens on is not, nor is any
    /// other file.
    pub async fn bind(address: &str) -> Result<Self, Error> {
        let failed = |source| Error::io(format!("cannot listen on {address}"), source);
        #[cfg(unix)]
        if let Some(path) = address.strip_prefix("unix:") {
            return Self::bind_unix(Path::new(path)).map_err(failed);
        }
        TcpListener::bind(address).await.map(Self::from).map_err(failed)
    }

    #[cfg(unix)]
    fn bind_unix(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path).or_else(|error| {
            if error.kind() != io::ErrorKind::AddrInUse {
                return Err(error);
            }
            // To connect to a file that is no socket is refused as well.
            if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
                let file = path.display();
                let message = format!("{file} is there and is no socket: move it away, or name another path");
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
            let is_left_behind = std::os::unix::net::UnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            if !is_left_behind {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        })?;
        Ok(Self {
            socket: Socket::Unix(SocketFile::of(path), listener),
        })
    }

    /// The address that clients reach this listener at.
    pub fn local_addr(&self) -> Result<ListenAddr, Error> {
        match &self.socket {
            Socket::Tcp(listener) => listener
                .local_addr()
                .map(ListenAddr::Tcp)
                .map_err(|source| Error::io("cannot tell the address of the listener", source)),
            #[cfg(unix)]
            Socket::Unix(file, _) => Ok(ListenAddr::Unix(file.path.clone())),
        }
    }

    async fn accept(&self) -> io::Result<(Stream, PeerAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, addr) = listener.accept().await?;
                // Small frames must not wait for one another. It fails where the client is gone already, which
                // the first read tells.
                let _ = stream.set_nodelay(true);
                #[cfg(unix)]
                let stream = Either::Left(stream);
                Ok((stream, PeerAddr::Tcp(addr)))
            }
            #[cfg(unix)]
            Socket::Unix(_, listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Either::Right(stream), PeerAddr::Unix))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self {
            socket: Socket::Tcp(listener),
        }
    }
}

impl ListenAddr {
    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addr) => addr.ip().is_loopback(),
            #[cfg(unix)]
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The file of a Unix socket, removed with its listener.
#[cfg(unix)]
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode, which tell it from another file that comes to be at the path; none where it has no file.
    identity: Option<(u64, u64)>,
}

#[cfg(unix)]
impl SocketFile {
    /// The socket that was just made at `path`.
    fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            identity: socket_identity(path),
        }
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && socket_identity(&self.path) == self.identity {
            // It may be gone by now; nobody is left to be told.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Device and inode of the socket at `path`, if that is what is there.
#[cfg(unix)]
fn socket_identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let is_socket = metadata.file_type().is_socket();
    is_socket.then(|| (metadata.dev(), metadata.ino()))
}

/// Serves HTTP/2 on `listener` until `lifecycle` says to drain, and returns when the last connection is gone.
/// When the future is dropped, so are all connections.
///
/// `new_service` gives each connection its service, which may keep what it needs of the [`Peer`]; the service is
/// cloned for every request.
pub(crate) async fn serve<M, S, B>(
    listener: Listener,
    tls: Option<Tls>,
    limits: Limits,
    lifecycle: Lifecycle,
    new_service: M,
) where
    M: Fn(Peer) -> S + Send + Sync + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let most = limits.max_connections;
    let endpoint = Arc::new(Endpoint {
        tls,
        limits,
        new_service,
    });
    let mut connections = JoinSet::new();
    let mut backoff = Backoff::default();
    loop {
        let (stream, addr) = tokio::select! {
            biased;
            () = lifecycle.reached(Phase::Draining) => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept_next(|| listener.accept(), &mut backoff) => accepted,
        };
        if connections.len() >= most {
            debug!(peer = %addr, "connection refused: all {most} are in use");
            continue;
        }
        let (endpoint, lifecycle) = (Arc::clone(&endpoint), lifecycle.clone());
        connections.spawn(async move { endpoint.serve_stream(stream, addr, lifecycle).await });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// What all connections of a listener have in common.
struct Endpoint<M> {
    tls: Option<Tls>,
    limits: Limits,
    new_service: M,
}

impl<M> Endpoint<M> {
    async fn serve_stream<S, B>(&self, stream: Stream, addr: PeerAddr, lifecycle: Lifecycle)
    where
        M: Fn(Peer) -> S,
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let opened = tokio::select! {
            () = lifecycle.reached(Phase::Draining) => return,
            opened = timeout(self.limits.handshake_timeout, self.open(stream)) => opened,
        };
        match opened {
            Ok(Ok((transport, certificates))) => {
                let service = (self.new_service)(Peer::new(addr, certificates));
                serve_connection(transport, service, &self.limits, lifecycle).await;
            }
            Ok(Err(error)) => debug!(peer = %addr, error = %error, "no connection was made"),
            Err(_) => debug!(peer = %addr, "no connection was made: the handshake took too long"),
        }
    }

    /// The TLS handshake, where there is TLS, then the preface of HTTP/2.
    async fn open(&self, stream: Stream) -> io::Result<(Prefaced<Transport>, Vec<CertificateDer<'static>>)> {
        let Some(tls) = &self.tls else {
            return Ok((read_preface(Either::Left(stream)).await?, Vec::new()));
        };
        let stream = tls.accept(stream).await?;
        let certificates = stream
            .get_ref()
            .1
            .peer_certificates()
            .unwrap_or_default()
            .to_vec();
        Ok((read_preface(Either::Right(Box::new(stream))).await?, certificates))
    }
}

/// The next connection, however long it takes.
async fn accept_next<T, F>(accept: impl Fn() -> F, backoff: &mut Backoff) -> T
where
    F: Future<Output = io::Result<T>>,
{
    loop {
        match accept().await {
            Ok(accepted) => {
                *backoff = Backoff::default();
                return accepted;
            }
            Err(error) if is_of_one_connection(&error) => {
                debug!(error = %error, "a connection was not accepted");
            }
            Err(error) => {
                let pause = backoff.next_pause();
                warn!(error = %error, "no connection can be accepted; the next try is in {pause:?}");
                sleep(pause).await;
            }
        }
    }
}

/// Whether the next accept may well succeed: the client went away between its SYN and our accept.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | NotConnected
    )
}

/// The pauses after errors of accept: 50 ms, then doubling, up to 1 s.
#[derive(Debug)]
struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            next: Duration::from_millis(50),
        }
    }
}

impl Backoff {
    fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Duration::from_secs(1));
        pause
    }
}
