//! Looks at what a client sends before hyper does, and passes on one request at a time.
//!
//! A head is held back until it is whole and [read](super::head); the body is followed to its end. What comes behind it
//! waits, unread by hyper, until the response was written: there is no pipelining, and no byte of one request can be taken
//! for another. The guard also keeps the time: of a head, between requests, and of writes that the client does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::io::poll_read_buf;
use tracing::debug;

use super::chunked::Chunks;
use super::fault::Fault;
use super::head::{Framing, TOO_LARGE, end_of_head, read_head};
use super::upgrade::Upgrade;
use crate::handler::LINGER_TIMEOUT;
use crate::transport::limits::Limits;

/// How much is read at once of a head, and of what comes behind a request before that has its response.
const PIECE: usize = 4 << 10;

/// How many bytes are read from a client after its connection has ended, so that it learns why.
const LAST_READ: u64 = 8 << 20;

/// A byte stream of HTTP/1.1 which gives one request after the other.
#[derive(Debug)]
pub(super) struct Guarded<I> {
    io: I,
    /// What was read and belongs to no request yet.
    held: BytesMut,
    /// How many of the bytes held were searched for the end of a head.
    seen: usize,
    /// Whether an empty line may be skipped before the next head: some clients send one after a body, RFC 9112 section 2.2.
    may_skip_line: bool,
    /// What is left to pass on of a head.
    passing: Bytes,
    /// The body that is passed on. `None` between requests.
    body: Option<Remaining>,
    exchange: Arc<Exchange>,
    /// Nothing more is passed on.
    has_ended: bool,
    /// What was wrong with the request that will not be passed on.
    fault: Option<Fault>,
    /// Whether requests may ask to go on in HTTP/2.
    may_upgrade: bool,
    /// What the request asks for that was not passed on.
    upgrade: Option<Upgrade>,
    /// The most bytes of a head.
    most: usize,
    head_time: Duration,
    idle_time: Option<Duration>,
    reading: Alarm,
    writing: Alarm,
}

/// What is left of a body.
#[derive(Debug)]
enum Remaining {
    Length(u64),
    Chunked(Chunks),
}

impl Remaining {
    fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
        }
    }

    /// How many of these bytes belong to the body.
    fn scan(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        match self {
            Self::Length(left) => {
                let used = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= used as u64;
                Ok(used)
            }
            Self::Chunked(chunks) => chunks.scan(bytes),
        }
    }
}

/// Whether the request that was passed on has its response.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    state: AtomicU8,
    /// How many requests were passed on.
    requests: AtomicU64,
    /// Whether nothing can follow the response, because the request is not whole and may never be.
    is_last: AtomicBool,
}

/// No request was passed on, or its response was written.
const OVER: u8 = 0;
/// A request was passed on.
const BEGUN: u8 = 1;
/// hyper has the whole response, and has not written all of it.
const ANSWERED: u8 = 2;

impl Exchange {
    /// Notes that hyper has the whole response.
    pub(super) fn answered(&self) {
        self.state.store(ANSWERED, Ordering::Release);
    }

    /// Notes whether nothing can follow the response.
    pub(super) fn set_last(&self, is_last: bool) {
        self.is_last.store(is_last, Ordering::Relaxed);
    }

    pub(super) fn is_last(&self) -> bool {
        self.is_last.load(Ordering::Relaxed)
    }

    fn begin(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.state.store(BEGUN, Ordering::Release);
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.load(Ordering::Acquire) == OVER
    }

    /// Notes that hyper has written what it has; whether that was the rest of a response.
    fn flushed(&self) -> bool {
        let changed = self
            .state
            .compare_exchange(ANSWERED, OVER, Ordering::AcqRel, Ordering::Acquire);
        changed.is_ok()
    }
}

/// A timer, which runs while somebody waits.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn stop(&mut self) {
        self.0 = None;
    }

    /// Waits for so long from the first poll on.
    fn poll(&mut self, time: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.0.get_or_insert_with(|| Box::pin(sleep(time)));
        running.as_mut().poll(cx)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Guarded<I> {
    pub(super) fn new(io: I, limits: &Limits, exchange: &Arc<Exchange>, may_upgrade: bool) -> Self {
        Self {
            io,
            held: BytesMut::new(),
            seen: 0,
            may_skip_line: true,
            passing: Bytes::new(),
            body: None,
            exchange: Arc::clone(exchange),
            has_ended: false,
            fault: None,
            may_upgrade,
            upgrade: None,
            most: limits.max_header_list_size as usize,
            head_time: limits.handshake_timeout,
            idle_time: limits.idle_timeout,
            reading: Alarm::default(),
            writing: Alarm::default(),
        }
    }

    /// Goes on in HTTP/2 if the last request asked for it; `None` if it did not, or its client does not go on.
    pub(super) async fn upgrade(&mut self) -> Option<Bytes> {
        let upgrade = self.upgrade.take()?;
        let read = std::mem::take(&mut self.held);
        match timeout(self.head_time, upgrade.switch(&mut self.io, read)).await {
            Ok(Ok(start)) => Some(start),
            Ok(Err(error)) => {
                debug!(%error, "connection closed in the middle of an upgrade");
                None
            }
            Err(_) => {
                debug!("connection closed: the upgrade took too long");
                None
            }
        }
    }

    /// The stream itself.
    pub(super) fn into_inner(self) -> I {
        self.io
    }

    /// Closes a connection that hyper or this guard has ended, so that the client learns why: what is wrong with its request
    /// is said, and what it still sends is read for a moment. Closing with unread bytes would reset the connection, and the
    /// answer would be lost.
    pub(super) async fn close(&mut self) {
        let has_body = self.body.as_ref().is_some_and(|body| !body.is_done());
        let is_read = !has_body && self.held.is_empty() && self.fault.is_none();
        let closed = async {
            if let Some(fault) = self.fault {
                debug!("connection closed: {fault}");
                self.io.write_all(&fault.response()).await?;
            }
            self.io.shutdown().await?;
            if !is_read {
                tokio::io::copy(&mut (&mut self.io).take(LAST_READ), &mut tokio::io::sink()).await?;
            }
            io::Result::Ok(())
        };
        // The connection is dropped even if the client does not read.
        drop(timeout(LINGER_TIMEOUT, closed).await);
    }
}

impl<I: AsyncRead + Unpin> Guarded<I> {
    /// Reads until a head is whole, and makes it the one to pass on; or ends.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.take_head() {
                Ok(true) => {
                    self.reading.stop();
                    return Poll::Ready(Ok(()));
                }
                Ok(false) => {}
                Err(fault) => {
                    self.fault = Some(fault);
                    self.has_ended = true;
                    return Poll::Ready(Ok(()));
                }
            }
            let is_idle = self.held.is_empty();
            self.held.reserve(PIECE);
            let Poll::Ready(read) = poll_read_buf(Pin::new(&mut self.io), cx, &mut self.held) else {
                let time = if is_idle {
                    self.idle_time
                } else {
                    Some(self.head_time)
                };
                let Some(time) = time else { return Poll::Pending };
                ready!(self.reading.poll(time, cx));
                self.has_ended = true;
                self.fault = (!is_idle).then_some(TOO_SLOW);
                return Poll::Ready(Ok(()));
            };
            if read? == 0 {
                self.has_ended = true;
                return Poll::Ready(Ok(()));
            }
            if is_idle {
                // From now on the time is that of a head.
                self.reading.stop();
            }
        }
    }

    /// Takes a head out of what is held; `false` if it is not whole.
    fn take_head(&mut self) -> Result<bool, Fault> {
        if self.may_skip_line && !self.held.is_empty() {
            if *self.held == *b"\r" {
                return Ok(false);
            }
            self.may_skip_line = false;
            if self.held.starts_with(b"\r\n") {
                self.held.advance(2);
            }
        }
        let end = match end_of_head(&self.held, self.seen)? {
            Some(end) if end <= self.most => end,
            None if self.held.len() <= self.most => {
                self.seen = self.held.len();
                return Ok(false);
            }
            _ => return Err(TOO_LARGE),
        };
        let framing = read_head(&self.held[..end], self.most)?;
        if self.may_upgrade
            && let Some(upgrade) = Upgrade::of_head(&self.held[..end], framing)
        {
            self.held.advance(end);
            self.upgrade = Some(upgrade);
            self.has_ended = true;
            return Ok(true);
        }
        self.body = Some(match framing {
            Framing::Length(length) => Remaining::Length(length),
            Framing::Chunked => Remaining::Chunked(Chunks::new()),
        });
        self.passing = self.held.split_to(end).freeze();
        self.seen = 0;
        self.exchange.begin();
        Ok(true)
    }

    /// Passes on what comes of the body.
    fn poll_body(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(Ok(()));
        };
        let before = buffer.filled().len();
        let is_held = !self.held.is_empty();
        if is_held {
            let most = self.held.len().min(buffer.remaining());
            buffer.put_slice(&self.held[..most]);
        } else {
            ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        }
        let bytes = &buffer.filled()[before..];
        match body.scan(bytes) {
            Ok(used) => {
                if is_held {
                    self.held.advance(used);
                } else {
                    self.held.extend_from_slice(&bytes[used..]);
                }
                buffer.set_filled(before + used);
                Poll::Ready(Ok(()))
            }
            Err(fault) => {
                debug!("a request was refused in its body: {fault}");
                buffer.set_filled(before);
                self.has_ended = true;
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)))
            }
        }
    }

    /// Waits for the end of the stream while a request has no response yet. What comes in place of it is held, a little of
    /// it.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held.len() < PIECE {
            self.held.reserve(PIECE - self.held.len());
            if ready!(poll_read_buf(Pin::new(&mut self.io), cx, &mut self.held))? == 0 {
                self.has_ended = true;
                return Poll::Ready(Ok(()));
            }
        }
        // The end of the response polls again.
        Poll::Pending
    }
}

/// What is said of a head that takes too long.
const TOO_SLOW: Fault = Fault {
    code: 408,
    text: "the head of the request did not come in time",
};

impl<I: AsyncRead + Unpin> AsyncRead for Guarded<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.passing.is_empty() {
                let most = this.passing.len().min(buffer.remaining());
                buffer.put_slice(&this.passing.split_to(most));
                return Poll::Ready(Ok(()));
            }
            if this.has_ended {
                return Poll::Ready(Ok(()));
            }
            match &this.body {
                Some(body) if !body.is_done() => return this.poll_body(cx, buffer),
                Some(_) => {
                    this.body = None;
                    this.may_skip_line = true;
                }
                None if this.exchange.is_over() => ready!(this.poll_head(cx))?,
                None => return this.poll_end(cx),
            }
        }
    }
}

impl<I: AsyncWrite + Unpin> Guarded<I> {
    /// Fails if the client has read nothing for long.
    fn in_time<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.stop();
        } else if let Some(time) = self.idle_time {
            ready!(self.writing.poll(time, cx));
            self.has_ended = true;
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client does not read its response",
            )));
        }
        written
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Guarded<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.in_time(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.in_time(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        ready!(self.in_time(flushed, cx))?;
        if self.exchange.flushed() {
            // What was held back is a request now.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    /// Whoever has the guard [closes](Self::close) the stream, when more may be left to say than hyper knows.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// What hyper reads of `sent` if each response is written as soon as its request is read.
    async fn read(sent: &[u8], at_once: usize, asked_for: usize) -> (Vec<Vec<u8>>, Option<u16>) {
        let (mut client, server) = duplex(at_once);
        let exchange = Arc::<Exchange>::default();
        let mut guarded = Guarded::new(server, &Limits::default(), &exchange, false);
        let mut requests = vec![Vec::new()];
        let reading = async {
            let mut buffer = vec![0; asked_for];
            loop {
                match guarded.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => requests.last_mut().unwrap().extend(&buffer[..count]),
                }
                if guarded.passing.is_empty() && guarded.body.as_ref().is_some_and(Remaining::is_done) {
                    requests.push(Vec::new());
                    exchange.answered();
                    guarded.flush().await.unwrap();
                }
            }
        };
        let sending = async {
            // The guard may have ended before all of it is sent.
            let _ = client.write_all(sent).await;
            client.shutdown().await.unwrap();
            tokio::io::copy(&mut client, &mut tokio::io::sink())
                .await
                .unwrap();
        };
        tokio::select! {
            () = reading => {}
            () = async { sending.await; std::future::pending().await } => {}
        }
        requests.pop_if(|last| last.is_empty());
        (requests, guarded.fault.map(|fault| fault.code))
    }

    #[tokio::test]
    async fn requests_are_passed_on_one_by_one_however_they_are_split() {
        let requests = [
            &b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n"[..],
            b"POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab\r\nc",
            b"POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"GET /d HTTP/1.1\r\nhost: a\r\n\r\n",
        ];
        let sent = requests.concat();
        for at_once in [1, 2, 3, 7, 16, 64, 1000] {
            for asked_for in [1, 2, 5, 100, 1000] {
                let (read, fault) = read(&sent, at_once, asked_for).await;
                assert_eq!(read, requests, "{at_once} at once, {asked_for} asked for");
                assert_eq!(fault, None);
            }
        }
    }

    #[tokio::test]
    async fn nothing_of_a_request_that_is_refused_is_passed_on() {
        let good = b"POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab";
        for (bad, code) in [
            (&b"GET /a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"[..], 400),
            (b"GET /a HTTP/1.1\nhost: a\n\n", 400),
            (b"\r\n\r\nGET /a HTTP/1.1\r\nhost: a\r\n\r\n", 400),
            (b"smuggled", 0),
        ] {
            for at_once in [1, 5, 1000] {
                let (read, fault) = read(&[&good[..], bad].concat(), at_once, 100).await;
                assert_eq!(read, [good], "{bad:?}");
                assert_eq!(fault.unwrap_or(0), code, "{bad:?}");
            }
        }
        let (read, _) = read(&[&good[..], b"\r\n", good].concat(), 10, 10).await;
        assert_eq!(read, [good, good], "one empty line may follow");
    }
}
