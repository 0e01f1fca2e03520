//! The first bytes of a connection, read before hyper sees them.
//!
//! This way a silent client is cut off, and a client that does not speak HTTP/2 is told so.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// The first bytes of every HTTP/2 connection, RFC 9113 section 3.4.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A byte stream whose preface was read. Reads return the preface again, then what follows it.
#[derive(Debug)]
pub(in crate::transport) struct Prefaced<I> {
    io: I,
    replayed: usize,
}

/// Reads the preface, or refuses a client that speaks another protocol.
pub(in crate::transport) async fn read_preface<I>(mut io: I) -> io::Result<Prefaced<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = [0; PREFACE.len()];
    let mut filled = 0;
    while filled < PREFACE.len() {
        let count = io.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        if !PREFACE.starts_with(&buffer[..filled]) {
            return Err(refuse(io, &buffer[..filled]).await);
        }
    }
    Ok(Prefaced { io, replayed: 0 })
}

/// Answers an HTTP/1 client in HTTP/1. Returns an error that says what came instead of HTTP/2.
async fn refuse<I: AsyncRead + AsyncWrite + Unpin>(mut io: I, start: &[u8]) -> io::Error {
    const ANSWER: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
        connection: close\r\n\
        content-type: text/plain\r\n\
        \r\n\
        this is a gRPC server: it speaks HTTP/2 only";
    const TLS_HANDSHAKE_RECORD: u8 = 22;
    let (answer, what) = match start[0] {
        _ if starts_http1(start) => (ANSWER, "HTTP/1"),
        TLS_HANDSHAKE_RECORD => (&[][..], "TLS, on a port without it"),
        _ => (&[][..], "neither HTTP/2 nor HTTP/1"),
    };
    // What the client still sends is read: closing with unread bytes would reset the connection, and the answer would
    // be lost.
    let closed = async {
        io.write_all(answer).await?;
        io.shutdown().await?;
        tokio::io::copy(&mut io.take(64 << 10), &mut tokio::io::sink()).await
    };
    if let Err(error) = closed.await {
        return error;
    }
    io::Error::new(io::ErrorKind::InvalidData, format!("the client speaks {what}"))
}

/// Whether these bytes are the beginning of an HTTP/1 request.
fn starts_http1(start: &[u8]) -> bool {
    const METHODS: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    let word = start.split(|&byte| byte == b' ').next().unwrap_or_default();
    let is_whole = word.len() < start.len();
    METHODS.map(str::as_bytes).iter().any(|method| {
        if is_whole {
            *method == word
        } else {
            method.starts_with(word)
        }
    })
}

impl<I: AsyncRead + Unpin> AsyncRead for Prefaced<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &PREFACE[self.replayed..];
        if rest.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.replayed += count;
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Prefaced<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
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
