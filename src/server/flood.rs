//! Frames that cost the server work and bring no call further: too many in a row end the connection.
//!
//! h2 bounds what resets, CONTINUATION and empty or tiny DATA frames can do, and answers PING and SETTINGS without
//! end: a flood of them takes no memory, but all of one core. So what a connection reads is looked at here, frame
//! header by frame header, before h2 does. Over the limit the connection ends as gRPC wants it (its proposal A8):
//! GOAWAY with ENHANCE_YOUR_CALM and the words `too_many_pings`, on which clients ping less often.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use super::preface::PREFACE;

/// Length, type, flags and stream of a frame, RFC 9113 section 4.1.
const FRAME_HEADER: usize = 9;

/// Clients begin with a few settings, and some with priorities.
const FEWEST: u32 = 10;

/// One frame is forgiven in this time.
const FORGIVEN: Duration = Duration::from_secs(1);

/// How long a client may take to hear why its connection ends,
const LAST_WORDS: Duration = Duration::from_secs(1);
/// and how many bytes it may still send.
const LAST_READ: u64 = 8 << 20;

/// The whole GOAWAY frame: any stream may have been handled; ENHANCE_YOUR_CALM.
const GOAWAY: &[u8] = b"\0\0\x16\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\x0btoo_many_pings";

/// A byte stream of HTTP/2 whose reads fail once the client floods it.
#[derive(Debug)]
pub(super) struct Guarded<I> {
    io: I,
    frames: Frames,
    flood: Flood,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Guarded<I> {
    pub(super) fn new(io: I, max_pings: u32) -> Self {
        Self {
            io,
            frames: Frames {
                payload_left: PREFACE.len(),
                ..Frames::default()
            },
            flood: Flood::new(max_pings.max(FEWEST)),
        }
    }

    /// Ends a connection that h2 or this guard has given up, so that the client learns why: it is told of a flood, and
    /// what it still sends is read for a moment, since closing on unread bytes would reset the GOAWAY away.
    pub(super) async fn part(&mut self) {
        let parted = async {
            if self.flood.is_over() {
                self.io.write_all(GOAWAY).await?;
            }
            self.io.shutdown().await?;
            tokio::io::copy(&mut (&mut self.io).take(LAST_READ), &mut tokio::io::sink()).await
        };
        // A client that does not listen has been cut all the same.
        drop(timeout(LAST_WORDS, parted).await);
    }
}

/// Where one frame ends and the next begins in what is read.
#[derive(Debug, Default)]
struct Frames {
    /// How much of the current frame's payload is still to come.
    payload_left: usize,
    /// A header that is split over reads.
    header: [u8; FRAME_HEADER],
    header_filled: usize,
}

impl Frames {
    /// Calls `each` with type and flags of every frame whose header ends in these bytes.
    fn read(&mut self, mut bytes: &[u8], mut each: impl FnMut(u8, u8)) {
        loop {
            let payload = self.payload_left.min(bytes.len());
            self.payload_left -= payload;
            bytes = &bytes[payload..];
            if bytes.is_empty() {
                return;
            }
            let taken = bytes.len().min(FRAME_HEADER - self.header_filled);
            self.header[self.header_filled..][..taken].copy_from_slice(&bytes[..taken]);
            self.header_filled += taken;
            bytes = &bytes[taken..];
            if self.header_filled < FRAME_HEADER {
                return;
            }
            self.header_filled = 0;
            let [a, b, c, kind, flags, ..] = self.header;
            self.payload_left = u32::from_be_bytes([0, a, b, c]) as usize;
            each(kind, flags);
        }
    }
}

/// How much a client may still ask of the server for nothing.
#[derive(Debug)]
struct Flood {
    left: i64,
    most: i64,
    /// Until when what time forgives is counted in.
    forgiven: Instant,
    /// Bytes of answers to such frames that were not written yet. Whoever writes more than that sends something
    /// else too.
    owed: usize,
}

impl Flood {
    fn new(max_pings: u32) -> Self {
        Self {
            left: max_pings.into(),
            most: max_pings.into(),
            forgiven: Instant::now(),
            owed: 0,
        }
    }

    fn is_over(&self) -> bool {
        self.left < 0
    }

    /// A frame of that type, with those flags, has come.
    fn received(&mut self, kind: u8, flags: u8) {
        const ACK: u8 = 1;
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const RST_STREAM: u8 = 3;
        const SETTINGS: u8 = 4;
        const PING: u8 = 6;
        const WINDOW_UPDATE: u8 = 8;
        const CONTINUATION: u8 = 9;
        let answer = match kind {
            // They belong to a call, or to what the server sends; h2 counts the useless ones.
            DATA | HEADERS | RST_STREAM | WINDOW_UPDATE | CONTINUATION => return,
            // They count as well: h2 logs a line for each that it did not ask for.
            PING | SETTINGS if flags & ACK != 0 => 0,
            PING => FRAME_HEADER + 8,
            SETTINGS => FRAME_HEADER,
            _ => 0,
        };
        self.owed += answer;
        if self.left <= 0 {
            self.forgive();
        }
        self.left -= 1;
    }

    fn forgive(&mut self) {
        let seconds = self.forgiven.elapsed().as_secs();
        self.forgiven += FORGIVEN * u32::try_from(seconds).unwrap_or(u32::MAX);
        self.left = (self.left + i64::try_from(seconds).unwrap_or(i64::MAX)).min(self.most);
    }

    /// So many bytes were written.
    fn sent(&mut self, count: usize) {
        if count <= self.owed {
            self.owed -= count;
        } else if !self.is_over() {
            self.owed = 0;
            self.left = self.most;
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Guarded<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(cx, buffer);
        let (frames, flood) = (&mut this.frames, &mut this.flood);
        frames.read(&buffer.filled()[before..], |kind, flags| {
            flood.received(kind, flags);
        });
        if flood.is_over() {
            return Poll::Ready(Err(io::Error::other(
                "the client floods the connection with frames that belong to no call",
            )));
        }
        read
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
    use super::*;

    const PING: u8 = 6;
    const PONG: usize = 17;

    fn kinds(frames: &mut Frames, bytes: &[u8]) -> Vec<u8> {
        let mut kinds = Vec::new();
        frames.read(bytes, |kind, _| kinds.push(kind));
        kinds
    }

    #[test]
    fn frames_are_told_apart_however_they_are_split() {
        let mut bytes = Vec::new();
        for (kind, length) in [(4, 6), (1, 300), (0, 0), (6, 8), (8, 4)] {
            bytes.extend([0, (length >> 8) as u8, length as u8, kind, 0, 0, 0, 0, 1]);
            bytes.extend(vec![kind; length]);
        }
        for size in 1..bytes.len() {
            let mut frames = Frames::default();
            let all: Vec<u8> = bytes
                .chunks(size)
                .flat_map(|piece| kinds(&mut frames, piece))
                .collect();
            assert_eq!(all, [4, 1, 0, 6, 8], "in pieces of {size}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pings_are_forgiven_one_a_second() {
        let mut flood = Flood::new(3);
        for _ in 0..3 {
            flood.received(PING, 0);
        }
        for _ in 0..20 {
            tokio::time::advance(FORGIVEN).await;
            flood.received(PING, 0);
            assert!(!flood.is_over());
        }
        flood.received(PING, 0);
        assert!(flood.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn pings_are_forgiven_when_more_than_answers_is_sent() {
        let mut flood = Flood::new(3);
        for _ in 0..1000 {
            flood.received(PING, 0);
            flood.sent(PONG + 20);
        }
        assert!(!flood.is_over());
        for _ in 0..4 {
            flood.received(PING, 0);
            flood.sent(PONG);
        }
        assert!(flood.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_calls_do_not_count() {
        let mut flood = Flood::new(0);
        for kind in [0, 1, 3, 8, 9] {
            flood.received(kind, 0);
        }
        assert!(!flood.is_over());
    }

    #[test]
    fn goaway_is_a_frame() {
        let mut frames = Frames::default();
        assert_eq!(kinds(&mut frames, GOAWAY), [7]);
        assert_eq!((frames.payload_left, frames.header_filled), (0, 0));
    }
}
