//! protod's own socket: TCP, or on Unix a socket in the file system, by one text.

use std::io;
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

#[cfg(unix)]
use super::address::advise_unix;
use super::address::{Address, bind_all, bind_host};
use super::listener::{ListenAddr, Listener};
use super::socket_stream::SocketStream;
use crate::error::Error;
use crate::handler::Peer;

/// A bound socket: TCP, or on Unix a socket in the file system.
///
/// ```
/// use protod::{Listener as _, Socket};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = Socket::bind("127.0.0.1:0").await?;
/// println!("clients connect to {}", socket.local_addr()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Socket {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    // The file is dropped first: while the socket is open, no other file gets its inode.
    Unix(SocketFile, UnixListener),
}

impl Socket {
    /// Binds an address:
    ///
    /// | text | |
    /// |---|---|
    /// | `127.0.0.1:9002`, `[::1]:9002`, `localhost:9002` | one address of a host; of several, IPv4 is preferred |
    /// | `:9002` | all addresses of the machine, IPv4 and IPv6 |
    /// | `unix:/path` | a socket in the file system |
    ///
    /// Port 0 takes a free one. A Unix socket that a server left behind is replaced. A socket that a server still listens
    /// on is not replaced, and neither is any other file.
    pub async fn bind(address: &str) -> Result<Self, Error> {
        let failed = |source| Error::io(format!("cannot listen on {address}"), source);
        let listener = match parse(address)? {
            Address::Host(host, port) => bind_host(host, port).await,
            Address::All(port) => bind_all(port).await,
            #[cfg(unix)]
            Address::Unix(path) => return Self::bind_unix(path).map_err(|error| failed(advise_unix(&error))),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Self {
            kind: Kind::Tcp(listener.map_err(failed)?),
        })
    }

    /// Whether [`bind`](Self::bind) can read an address. Its error says how one is written. Binds nothing.
    pub fn check(address: &str) -> Result<(), Error> {
        parse(address).map(drop)
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
            kind: Kind::Unix(SocketFile::of(path), listener),
        })
    }
}

fn parse(address: &str) -> Result<Address<'_>, Error> {
    Address::parse(address)
        .map_err(|error| Error::invalid_input(format!("cannot listen on {address}"), error))
}

impl Listener for Socket {
    type Io = SocketStream;

    async fn accept(&mut self) -> io::Result<(Self::Io, Peer)> {
        match &mut self.kind {
            Kind::Tcp(listener) => {
                let (stream, peer) = Listener::accept(listener).await?;
                Ok((SocketStream::tcp(stream), peer))
            }
            #[cfg(unix)]
            Kind::Unix(_, listener) => {
                let (stream, peer) = Listener::accept(listener).await?;
                Ok((SocketStream::unix(stream), peer))
            }
        }
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        match &self.kind {
            Kind::Tcp(listener) => Listener::local_addr(listener),
            #[cfg(unix)]
            Kind::Unix(file, _) => Ok(ListenAddr::Unix(file.path.clone())),
        }
    }

    fn keep_alive(connection: &SocketStream, silence: Duration, patience: Duration) {
        connection.keep_alive(silence, patience);
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
