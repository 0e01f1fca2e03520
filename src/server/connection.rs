//! One HTTP/2 connection: from the client's first byte to the last stream.
//!
//! The preface is read here, before hyper sees the connection, so that a silent client is cut and one that does
//! not speak HTTP/2 is told. Then hyper runs the connection, and this task watches for the reasons to end it:
//! the server stops, the connection is old, or it has been idle for too long. All of them end it the same way,
//! with GOAWAY first. Nothing here is done per request but to count the open streams.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Future, pending};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tower::Service;
use tracing::debug;

use super::limits::Limits;
use crate::handler::{Lifecycle, Phase};

/// The first bytes of every HTTP/2 connection, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long the last status of each call may take to its client when the server has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A byte stream whose preface has been read: reads give the preface once more, then what follows it.
#[derive(Debug)]
pub(super) struct Prefaced<I> {
    io: I,
    replayed: usize,
}

/// Reads the preface, or tells a client that has another protocol in mind.
pub(super) async fn read_preface<I>(mut io: I) -> io::Result<Prefaced<I>>
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

/// Answers HTTP/1 in HTTP/1, and says what came instead of HTTP/2.
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
    // What the client still sends is read, so that closing does not reset the answer away.
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

/// Whether a request of HTTP/1 begins with these bytes, as far as they go.
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

/// Serves one connection until its client leaves or the server stops.
pub(super) async fn serve_connection<I, S, B>(
    io: Prefaced<I>,
    service: S,
    limits: &Limits,
    lifecycle: Lifecycle,
) where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let streams = StreamTasks::new();
    let mut connection = pin!(
        limits
            .http2(streams.clone())
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
    );
    let age_ends = limits
        .max_connection_age
        .map(|age| Instant::now() + jittered(age));
    let idle_ends = |since| limits.idle_timeout.map(|timeout| since + timeout);

    let mut awaited = Some(Phase::Draining);
    let mut leaving = false;
    let mut alarm = earlier(age_ends, idle_ends(Instant::now()));
    loop {
        let ring = async {
            match alarm {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let stop = async {
            match awaited {
                Some(phase) => lifecycle.reached(phase).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            result = connection.as_mut() => {
                if let Err(error) = result {
                    debug!(error = &error as &dyn StdError, "connection ended");
                }
                return;
            }
            () = stop => {
                if leaving {
                    alarm = earlier(alarm, Some(Instant::now() + LAST_WORDS));
                    awaited = None;
                    continue;
                }
                alarm = None;
            }
            () = ring => {
                let now = Instant::now();
                if leaving {
                    debug!("connection closed: its streams outlived their grace");
                    return;
                }
                if age_ends.is_some_and(|at| at <= now) {
                    alarm = limits.max_connection_age_grace.map(|grace| now + grace);
                } else if idle_ends(streams.idle_since().unwrap_or(now)).is_some_and(|at| at <= now) {
                    alarm = Some(now + limits.handshake_timeout);
                } else {
                    alarm = earlier(age_ends, idle_ends(streams.idle_since().unwrap_or(now)));
                    continue;
                }
            }
        }
        leaving = true;
        awaited = Some(Phase::Ended);
        connection.as_mut().graceful_shutdown();
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

/// `age`, give or take up to a tenth.
fn jittered(age: Duration) -> Duration {
    // A fresh hasher has fresh random keys.
    let random = RandomState::new().hash_one(()) % 201;
    age * (900 + u32::try_from(random).expect("a remainder of 201")) / 1000
}

/// Spawns a connection's streams, and knows since when there is none.
#[derive(Debug, Clone)]
struct StreamTasks {
    activity: Arc<Activity>,
}

#[derive(Debug)]
struct Activity {
    open: AtomicUsize,
    connected: Instant,
    /// When the last open stream ended, in milliseconds since `connected`.
    idle_since: AtomicU64,
}

impl StreamTasks {
    fn new() -> Self {
        let activity = Activity {
            open: AtomicUsize::new(0),
            connected: Instant::now(),
            idle_since: AtomicU64::new(0),
        };
        Self {
            activity: Arc::new(activity),
        }
    }

    /// When the last stream ended, if none is open.
    fn idle_since(&self) -> Option<Instant> {
        let Activity {
            open,
            connected,
            idle_since,
        } = &*self.activity;
        (open.load(Ordering::Acquire) == 0)
            .then(|| *connected + Duration::from_millis(idle_since.load(Ordering::Acquire)))
    }
}

impl<F> hyper::rt::Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.activity.open.fetch_add(1, Ordering::AcqRel);
        tokio::spawn(StreamTask {
            stream,
            _open: OpenStream(Arc::clone(&self.activity)),
        });
    }
}

pin_project! {
    struct StreamTask<F> {
        #[pin]
        stream: F,
        _open: OpenStream,
    }
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().stream.poll(cx)
    }
}

/// Counts one open stream for as long as it lives.
#[derive(Debug)]
struct OpenStream(Arc<Activity>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        let Activity {
            open,
            connected,
            idle_since,
        } = &*self.0;
        // Written before the count is, so that whoever sees no stream sees when the last one ended.
        let now = u64::try_from(connected.elapsed().as_millis()).unwrap_or(u64::MAX);
        idle_since.store(now, Ordering::Release);
        open.fetch_sub(1, Ordering::AcqRel);
    }
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
