//! The first byte of a connection to a port with TLS, read before rustls sees it: a client without TLS is told so.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::wrong_protocol::{HANDSHAKE_RECORD, WrongProtocol};

/// A byte stream whose first byte was read. Reads return it again, then what follows it.
#[derive(Debug)]
pub(in crate::transport) struct Begun<I> {
    io: I,
    first: Option<u8>,
}

/// Reads the first byte, or refuses a client that does not speak TLS.
pub(super) async fn expect_tls<I>(mut io: I) -> io::Result<Begun<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut start = [0; 24];
    let first = io.read_u8().await?;
    if first == HANDSHAKE_RECORD {
        let first = Some(first);
        return Ok(Begun { io, first });
    }
    start[0] = first;
    let more = io.read(&mut start[1..]).await?;
    Err(WrongProtocol::PlainText.refuse(io, &start[..=more]).await)
}

impl<I: AsyncRead + Unpin> AsyncRead for Begun<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_some() && buffer.remaining() > 0 {
            buffer.put_slice(&[self.first.take().expect("it was asked for")]);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Begun<I> {
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
