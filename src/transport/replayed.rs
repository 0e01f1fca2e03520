//! A byte stream of which the beginning was read, to see what its client speaks.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A byte stream whose first bytes were read. Reads return them again, then what follows them.
#[derive(Debug)]
pub(super) struct Replayed<I> {
    io: I,
    /// What was read and not returned yet.
    rest: Bytes,
}

impl<I> Replayed<I> {
    /// The stream from which `read` was read.
    pub(super) fn new(io: I, read: Bytes) -> Self {
        Self { io, rest: read }
    }

    /// The same stream, which returns `start` before the rest. What was read before must have been returned.
    pub(super) fn starting_with(self, start: Bytes) -> Self {
        debug_assert!(self.rest.is_empty(), "what was read is lost");
        Self { rest: start, ..self }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Replayed<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let most = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(most));
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Replayed<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
