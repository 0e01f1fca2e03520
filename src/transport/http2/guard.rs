//! Looks at what a client sends before h2 does. Only frame headers are looked at, so it costs very little.
//!
//! It protects h2 in two places: from [floods](super::flood) of frames that belong to no call, and from
//! [window updates](super::late_window_update) of streams that come too late.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::flood::{FEWEST, Flood, GOAWAY};
use super::frame::{FRAME_HEADER, FrameScanner};
use super::late_window_update::LastStream;
use super::preface::PREFACE;
use crate::handler::{LINGER_TIMEOUT, Peer};

/// How many bytes are read from a client after its connection has ended, so that it learns why.
const LAST_READ: u64 = 8 << 20;

/// A byte stream of HTTP/2 whose reads fail after a flood, and which hides late window updates.
#[derive(Debug)]
pub(in crate::transport) struct Guarded<I> {
    io: I,
    frames: FrameScanner,
    flood: Flood,
    last_stream: LastStream,
    held: Held,
    /// Who is told what the client announces.
    peer: Peer,
}

/// A frame header of which only the beginning was read. Whether the frame is hidden is known at the end of the header,
/// so the header is passed on whole. This is done only while a late window update may come.
#[derive(Debug, Default)]
struct Held {
    header: [u8; FRAME_HEADER],
    filled: usize,
    passed_on: usize,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Guarded<I> {
    pub(in crate::transport) fn new(io: I, max_pings: u32, peer: Peer) -> Self {
        Self {
            io,
            frames: FrameScanner::after(PREFACE.len()),
            flood: Flood::new(max_pings.max(FEWEST)),
            last_stream: LastStream::default(),
            held: Held::default(),
            peer,
        }
    }

    /// Closes a connection that h2 or this guard has ended, so that the client learns why: a flood is answered with
    /// GOAWAY, and what the client still sends is read for a moment. Closing with unread bytes would reset the
    /// connection, and the GOAWAY would be lost.
    pub(in crate::transport) async fn close(&mut self) {
        let closed = async {
            if self.flood.is_over() {
                self.io.write_all(GOAWAY).await?;
            }
            self.io.shutdown().await?;
            tokio::io::copy(&mut (&mut self.io).take(LAST_READ), &mut tokio::io::sink()).await
        };
        // The connection is dropped even if the client does not read.
        drop(timeout(LINGER_TIMEOUT, closed).await);
    }
}

impl<I: AsyncRead + Unpin> Guarded<I> {
    /// Reads, and holds back an incomplete header if its frame may have to be hidden.
    fn poll_read_frames(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        let bytes = &mut buffer.filled_mut()[before..];
        look_at(bytes, &mut self.frames, &mut self.flood, &mut self.last_stream)?;
        if let Some(limit) = self.frames.new_header_limit() {
            self.peer.announce_header_limit(limit);
        }
        if self.last_stream.is_final() {
            let whole = bytes.len() - self.frames.header_begun();
            self.held.hold(&bytes[whole..]);
            buffer.set_filled(before + whole);
        }
        read
    }

    /// Passes on the header that was held back, once it is whole or the stream has ended.
    fn poll_read_held(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let held = &mut self.held;
        while held.passed_on == 0 && held.filled < FRAME_HEADER {
            let mut rest = ReadBuf::new(&mut held.header[held.filled..]);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut rest))?;
            let count = rest.filled().len();
            held.filled += count;
            if count == 0 {
                break;
            }
            if held.filled == FRAME_HEADER {
                look_at(
                    &mut held.header,
                    &mut self.frames,
                    &mut self.flood,
                    &mut self.last_stream,
                )?;
            }
        }
        let rest = &held.header[held.passed_on..held.filled];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        held.passed_on += count;
        if held.passed_on == held.filled {
            *held = Held::default();
        }
        Poll::Ready(Ok(()))
    }
}

impl Held {
    fn hold(&mut self, begun: &[u8]) {
        self.header[..begun.len()].copy_from_slice(begun);
        self.filled = begun.len();
    }
}

/// Looks at what was read.
fn look_at(
    bytes: &mut [u8],
    frames: &mut FrameScanner,
    flood: &mut Flood,
    last_stream: &mut LastStream,
) -> io::Result<()> {
    frames.read(bytes, |frame| {
        flood.received(frame.kind, frame.flags);
        last_stream.is_late_update(frame)
    });
    if flood.is_over() {
        return Err(io::Error::other(
            "the client floods the connection with frames that belong to no call",
        ));
    }
    Ok(())
}

impl<I: AsyncRead + Unpin> AsyncRead for Guarded<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.held.filled == 0 {
            let read = this.poll_read_frames(cx, buffer);
            // A read of no bytes would mean the end of the stream.
            if this.held.filled == 0 || buffer.filled().len() > before {
                return read;
            }
        }
        this.poll_read_held(cx, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Guarded<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.flood.sent(count);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(count)) = written {
            self.flood.sent(count);
        }
        written
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
    use tokio::io::duplex;

    use super::*;
    use crate::transport::http2::frame::frame;
    use crate::transport::http2::frame::{DATA, HEADERS, WINDOW_UPDATE};
    use crate::transport::http2::late_window_update::tests::acknowledgement;

    /// What h2 reads of `sent`, where a read of the connection gives so many bytes at most, and one of h2 so many.
    async fn read(sent: &[u8], at_once: usize, asked_for: usize) -> Vec<u8> {
        let (mut client, server) = duplex(at_once);
        let mut guarded = Guarded::new(server, 0, Peer::new("test"));
        let mut read = Vec::new();
        let reading = async {
            let mut buffer = vec![0; asked_for];
            loop {
                match guarded.read(&mut buffer).await.unwrap() {
                    0 => return,
                    count => read.extend(&buffer[..count]),
                }
            }
        };
        let sending = async {
            client.write_all(sent).await.unwrap();
            drop(client);
        };
        tokio::join!(reading, sending);
        read
    }

    #[tokio::test]
    async fn late_updates_are_hidden_however_they_are_split_and_nothing_else_changes() {
        let update = |stream| frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1]);
        let opening = [
            PREFACE.to_vec(),
            frame(HEADERS, 4, 3, b"..."),
            update(3),
            update(5),
            acknowledgement(),
            update(3),
            frame(HEADERS, 4, 5, b"..."),
        ]
        .concat();
        let rest = [
            frame(DATA, 0, 5, &[8; 20]),
            update(3),
            update(0),
            frame(DATA, 1, 3, b"end"),
        ]
        .concat();
        let sent = [&opening[..], &update(5), &rest].concat();
        let mut expected = sent.clone();
        expected[opening.len() + 3] = 0xff;
        for at_once in 1..=sent.len() {
            for asked_for in [1, 2, 5, 8, 9, 10, 100, 1000] {
                let read = read(&sent, at_once, asked_for).await;
                assert_eq!(read, expected, "{at_once} at once, {asked_for} asked for");
            }
        }
    }

    #[tokio::test]
    async fn a_header_whose_rest_does_not_come_is_passed_on_at_the_end() {
        let begun = &frame(WINDOW_UPDATE, 0, 5, &[])[..7];
        let sent = [PREFACE, &acknowledgement(), begun].concat();
        for (at_once, asked_for) in [(1, 1), (10, 3), (1000, 1000)] {
            assert_eq!(read(&sent, at_once, asked_for).await, sent);
        }
    }
}
