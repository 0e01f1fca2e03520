//! Reads and writes many frames at a time.
//!
//! h2 reads 8 KiB at a time, and flushes after each frame of 16 KiB that it writes: many system calls, and many wake-ups
//! of the client. Here writes are held back until the connection and its streams have no more to send for now, or until
//! there is [enough](ENOUGH). A flush by h2 does nothing; whoever polls the connection [writes out](BufferedIo::poll_write_out)
//! what is held. Where much comes in, it is read ahead.

use std::io::{self, IoSlice};
use std::iter;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// How many bytes are read or written at once: the largest TCP segment that is handed to a network card, or to the
/// loopback interface, which then splits it.
const ENOUGH: usize = 64 << 10;

/// After a write of this many bytes, more of the same size are likely to follow.
const LARGE: usize = 8 << 10;

/// A byte stream with a buffer for each direction. Clones share it.
#[derive(Debug)]
pub(super) struct BufferedIo<I>(Arc<Mutex<Buffers<I>>>);

/// The stream and its two buffers, which have memory only while they are not empty.
#[derive(Debug)]
struct Buffers<I> {
    io: I,
    /// What is still to be written to `io`.
    held: BytesMut,
    /// What was read from `io` and not asked for yet.
    ahead: BytesMut,
    /// Whether the last read filled its buffer, so that there may be much more to read.
    busy: bool,
    /// Why what was held could not be written. The next read or write returns it.
    failed: Option<io::Error>,
}

impl<I> Clone for BufferedIo<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I> BufferedIo<I> {
    pub(super) fn new(io: I) -> Self {
        Self(Arc::new(Mutex::new(Buffers {
            io,
            held: BytesMut::new(),
            ahead: BytesMut::new(),
            busy: false,
            failed: None,
        })))
    }

    // Locked on the connection's own task only, so nobody waits for it.
    fn lock(&self) -> MutexGuard<'_, Buffers<I>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: AsyncWrite + Unpin> BufferedIo<I> {
    /// Writes what is held back, as far as the socket takes it; the waker is called when it takes more. An error is
    /// returned by the connection's next read or write, and the waker is called for that too.
    pub(super) fn poll_write_out(&self, cx: &mut Context<'_>) {
        let mut buffers = self.lock();
        if let Poll::Ready(Err(error)) = buffers.poll_write_held(cx, 0) {
            buffers.held.clear();
            buffers.failed = Some(error);
            cx.waker().wake_by_ref();
        }
    }
}

impl<I: AsyncWrite + Unpin> Buffers<I> {
    /// Writes until no more than `rest` bytes are held.
    fn poll_write_held(&mut self, cx: &mut Context<'_>, rest: usize) -> Poll<io::Result<()>> {
        while self.held.len() > rest {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.held))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(count);
        }
        free_if_empty(&mut self.held);
        Poll::Ready(Ok(()))
    }

    /// Takes the bytes of `slices`, once there is room: holds them, or writes them if there is enough together with what
    /// is held.
    fn poll_take(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        if self.held.len() >= ENOUGH {
            ready!(self.poll_write_held(cx, ENOUGH - 1))?;
        }
        let taken = slices.iter().map(|slice| slice.len()).sum();
        let mut written = 0;
        if self.held.len() + taken >= ENOUGH {
            written = self.write_through(cx, slices)?;
        } else if self.held.is_empty() && taken >= LARGE {
            self.held.reserve(ENOUGH);
        }
        for slice in slices {
            let rest = slice.get(written..).unwrap_or_default();
            self.held.extend_from_slice(rest);
            written -= slice.len() - rest.len();
        }
        Poll::Ready(Ok(taken))
    }

    /// Writes what is held and then `slices`, without copying them, as far as the socket takes it now. Returns how many
    /// bytes of the slices were written.
    fn write_through(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<_> = iter::once(IoSlice::new(&self.held))
            .chain(slices.iter().copied())
            .collect();
        let Poll::Ready(count) = Pin::new(&mut self.io).poll_write_vectored(cx, &all) else {
            return Ok(0);
        };
        let count = count?;
        let of_held = count.min(self.held.len());
        self.held.advance(of_held);
        free_if_empty(&mut self.held);
        Ok(count - of_held)
    }
}

/// Gives back the memory of a buffer that is empty.
fn free_if_empty(buffer: &mut BytesMut) {
    if buffer.is_empty() {
        *buffer = BytesMut::new();
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for BufferedIo<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let buffers = &mut *self.lock();
        if let Some(error) = buffers.failed.take() {
            return Poll::Ready(Err(error));
        }
        if buffers.ahead.is_empty() {
            if !buffers.busy {
                let before = buffer.filled().len();
                ready!(Pin::new(&mut buffers.io).poll_read(cx, buffer))?;
                buffers.busy = buffer.remaining() == 0 && buffer.filled().len() > before;
                return Poll::Ready(Ok(()));
            }
            buffers.busy = false;
            buffers.ahead.reserve(ENOUGH);
            let mut ahead = (&mut buffers.ahead).limit(ENOUGH);
            let read = poll_read_buf(Pin::new(&mut buffers.io), cx, &mut ahead);
            buffers.busy = buffers.ahead.len() == ENOUGH;
            free_if_empty(&mut buffers.ahead);
            ready!(read)?;
        }
        let count = buffers.ahead.len().min(buffer.remaining());
        buffer.put_slice(&buffers.ahead[..count]);
        buffers.ahead.advance(count);
        free_if_empty(&mut buffers.ahead);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for BufferedIo<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lock().poll_take(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.lock().poll_take(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffers = self.lock();
        ready!(buffers.poll_write_held(cx, 0))?;
        Pin::new(&mut buffers.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn nothing_is_written_before_it_is_written_out() {
        let (near, mut far) = duplex(1 << 20);
        let buffered = BufferedIo::new(near);
        let mut writer = buffered.clone();
        for part in [b"one ", b"two "] {
            writer.write_all(part).await.expect("held back");
            writer.flush().await.expect("does nothing");
        }
        let mut buffer = [0; 16];
        let read = tokio::time::timeout(std::time::Duration::ZERO, far.read(&mut buffer)).await;
        assert!(read.is_err());
        write_out(&buffered).await;
        assert_eq!(far.read(&mut buffer).await.expect("bytes"), 8);
        assert_eq!(&buffer[..8], b"one two ");
    }

    #[tokio::test]
    async fn no_more_is_held_back_than_the_limit_and_a_write() {
        let (near, mut far) = duplex(1000);
        let mut buffered = BufferedIo::new(near);
        let sent: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        let expected = sent.clone();
        let writes = tokio::spawn(async move {
            for piece in sent.chunks(10_000) {
                buffered.write_all(piece).await.expect("held back, or written");
                assert!(buffered.lock().held.len() <= ENOUGH + 10_000);
            }
            buffered.shutdown().await.expect("all is written");
        });
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.expect("bytes");
        assert_eq!(received, expected);
        writes.await.expect("no panic");
    }

    #[tokio::test]
    async fn failure_to_write_is_found_by_the_next_read() {
        let (near, far) = duplex(10);
        let mut buffered = BufferedIo::new(near);
        buffered.write_all(b"lost").await.expect("held back");
        drop(far);
        write_out(&buffered).await;
        let error = buffered.read(&mut [0]).await.expect_err("it failed");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn what_is_read_ahead_is_whole_and_in_order() {
        let (near, mut far) = duplex(1 << 20);
        let mut buffered = BufferedIo::new(near);
        let sent: Vec<u8> = (0..300_000_u32).map(|number| (number / 7) as u8).collect();
        far.write_all(&sent).await.expect("there is room");
        drop(far);
        let mut received = Vec::new();
        let mut buffer = [0; 8 << 10];
        let mut most_ahead = 0;
        loop {
            let count = buffered.read(&mut buffer).await.expect("bytes");
            if count == 0 {
                break;
            }
            received.extend_from_slice(&buffer[..count]);
            most_ahead = most_ahead.max(buffered.lock().ahead.len());
        }
        assert_eq!(received, sent);
        assert_eq!(most_ahead, ENOUGH - buffer.len());
        assert_eq!(buffered.lock().ahead.capacity(), 0);
    }

    async fn write_out<I: AsyncWrite + Unpin>(buffered: &BufferedIo<I>) {
        std::future::poll_fn(|cx| {
            buffered.poll_write_out(cx);
            Poll::Ready(())
        })
        .await;
    }
}
