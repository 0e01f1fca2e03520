//! The listening socket: TCP, or on Unix a socket in the file system.

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
#[cfg(unix)]
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
#[cfg(unix)]
use tokio_util::either::Either;

use crate::error::Error;
use crate::handler::PeerAddr;

/// A bound socket: TCP, or on Unix a socket in the file system.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    // The file is dropped first: while the socket is open, no other file gets its inode.
    Unix(SocketFile, UnixListener),
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
}

/// A connection that was accepted.
#[cfg(unix)]
pub(super) type Stream = Either<TcpStream, UnixStream>;
/// A connection that was accepted.
#[cfg(not(unix))]
pub(super) type Stream = TcpStream;

impl Listener {
    /// Binds `host:port`, where port 0 takes a free one, or `unix:/path`.
    ///
    /// A Unix socket that a server left behind is replaced. A socket that a server still listens on is not replaced,
    /// and neither is any other file.
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
            // Connecting to a file that is not a socket is refused too, so the type of the file is checked first.
            if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
                let file = path.display();
                let message =
                    format!("{file} exists and is not a socket: move it away, or name another path");
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
                .map_err(|source| Error::io("cannot read the address of the listener", source)),
            #[cfg(unix)]
            Socket::Unix(file, _) => Ok(ListenAddr::Unix(file.path.clone())),
        }
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<(Stream, PeerAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, addr) = listener.accept().await?;
                // Small frames must not wait for one another. This fails if the client is gone already; then the
                // first read fails too.
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
    /// Whether only this machine can reach it.
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
    /// Device and inode, which tell it from another file that is put at the path later; `None` if it has no file.
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
            // It may be gone by now, and there is nobody to report an error to.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Device and inode of the socket at `path`; `None` if there is no socket.
#[cfg(unix)]
fn socket_identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let is_socket = metadata.file_type().is_socket();
    is_socket.then(|| (metadata.dev(), metadata.ino()))
}
