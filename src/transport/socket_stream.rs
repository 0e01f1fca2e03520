//! [`SocketStream`]: a connection of protod's own socket.
//!
//! Which kinds of sockets there are, and how one type holds them, is nothing that users should depend on.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_util::either::Either;

use super::keep_alive::keep_alive;

/// The connections of a [`Socket`](super::Socket) that is not TCP.
#[cfg(unix)]
type OtherStream = UnixStream;
/// Where there are no Unix sockets, no connection is of this type.
#[cfg(not(unix))]
type OtherStream = TcpStream;

/// A connection of a [`Socket`](super::Socket).
#[derive(Debug)]
pub struct SocketStream(Either<TcpStream, OtherStream>);

impl SocketStream {
    pub(super) fn tcp(stream: TcpStream) -> Self {
        Self(Either::Left(stream))
    }

    #[cfg(unix)]
    pub(super) fn unix(stream: UnixStream) -> Self {
        Self(Either::Right(stream))
    }

    /// As [`Listener::keep_alive`](super::Listener::keep_alive). The client of a Unix socket cannot go without a word.
    pub(super) fn keep_alive(&self, silence: Duration, patience: Duration) {
        if let Either::Left(stream) = &self.0 {
            keep_alive(stream, silence, patience);
        }
    }
}

impl AsyncRead for SocketStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
