//! What a server says first: whether it is HTTP/2, HTTP/1, TLS or something else.
//!
//! Every HTTP/2 server begins with a SETTINGS frame, RFC 9113 section 3.4, so its first nine bytes tell.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::fault::ConnectError;

/// How many bytes are looked at: the header of a frame.
const ENOUGH: usize = 9;

/// What was heard of a server.
#[derive(Debug, Clone, Default)]
pub(super) enum Heard {
    /// Nothing, or not enough yet.
    #[default]
    Nothing,
    Http2,
    Http1,
    Tls,
    Other,
    /// It closed the connection before that. TLS may say why.
    HungUp(Option<ConnectError>),
}

/// Where what was heard of the newest connection can be awaited.
pub(super) type Hearing = watch::Sender<Heard>;

/// A byte stream whose first words are heard.
#[derive(Debug)]
pub(super) struct Overheard<I> {
    io: I,
    /// Until it is known what they are.
    beginning: Option<Beginning>,
}

#[derive(Debug)]
struct Beginning {
    bytes: Vec<u8>,
    hearing: Hearing,
}

impl<I> Overheard<I> {
    pub(super) fn new(io: I, hearing: &Hearing) -> Self {
        hearing.send_replace(Heard::Nothing);
        let beginning = Beginning {
            bytes: Vec::with_capacity(ENOUGH),
            hearing: hearing.clone(),
        };
        Self {
            io,
            beginning: Some(beginning),
        }
    }
}

impl Beginning {
    /// What more bytes make of it; `None` if that is not known yet.
    fn hear(&mut self, bytes: &[u8]) -> Option<Heard> {
        if bytes.is_empty() {
            return Some(Heard::HungUp(None));
        }
        let more = bytes.len().min(ENOUGH - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..more]);
        heard(&self.bytes)
    }
}

impl<I> Overheard<I> {
    fn tell(&mut self, heard: Heard) {
        if let Some(beginning) = self.beginning.take() {
            beginning.hearing.send_replace(heard);
        }
    }
}

/// A connection that ends when it is written to is never read.
impl<I> Drop for Overheard<I> {
    fn drop(&mut self) {
        self.tell(Heard::HungUp(None));
    }
}

/// What begins with these bytes; `None` if there are too few to tell.
pub(super) fn heard(bytes: &[u8]) -> Option<Heard> {
    const SETTINGS: u8 = 4;
    match bytes {
        // A record of TLS: its type, and the version's first byte.
        [20..=23, 3, ..] => Some(Heard::Tls),
        [b'H', b'T', b'T', b'P', b'/', ..] => Some(Heard::Http1),
        [_, _, _, SETTINGS, _, 0, 0, 0, 0, ..] => Some(Heard::Http2),
        other if other.len() < ENOUGH => None,
        _ => Some(Heard::Other),
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Overheard<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(beginning) = &mut this.beginning else {
            return Pin::new(&mut this.io).poll_read(cx, buffer);
        };
        let before = buffer.filled().len();
        let has_room = buffer.remaining() > 0;
        let read = ready!(Pin::new(&mut this.io).poll_read(cx, buffer));
        let heard = match &read {
            Ok(()) if has_room => beginning.hear(&buffer.filled()[before..]),
            Ok(()) => None,
            Err(error) => Some(Heard::HungUp(ConnectError::of_tls(error))),
        };
        if let Some(heard) = heard {
            this.tell(heard);
        }
        Poll::Ready(read)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Overheard<I> {
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// What is heard of a server that says this and hangs up, in reads of so many bytes.
    async fn hear(said: &[u8], at_once: usize) -> Heard {
        let hearing = Hearing::default();
        let mut io = Overheard::new(said, &hearing);
        let mut read = Vec::new();
        let mut buffer = vec![0; at_once];
        loop {
            match io.read(&mut buffer).await.expect("it never fails") {
                0 => break,
                count => read.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(read, said, "it is passed on as it is");
        hearing.borrow().clone()
    }

    #[tokio::test]
    async fn a_server_is_known_by_its_first_words_however_they_come() {
        for (said, expected) in [
            (&b"\0\0\x12\x04\0\0\0\0\0and the settings"[..], "Http2"),
            (b"\0\0\0\x04\0\0\0\0\0", "Http2"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "Http1"),
            (b"\x15\x03\x03\0\x02\x02\x46", "Tls"),
            (b"\x16\x03\x01\x02", "Tls"),
            (b"220 mail.test ESMTP\r\n", "Other"),
            (b"", "HungUp(None)"),
            (b"\0\0\x12", "HungUp(None)"),
        ] {
            for at_once in [1, 2, 9, 1000] {
                let heard = format!("{:?}", hear(said, at_once).await);
                assert_eq!(heard, expected, "{said:?} in pieces of {at_once}");
            }
        }
    }
}
