//! One HTTP/2 connection: from the client's first byte to the last stream.
//!
//! hyper runs the connection, and this task watches for the reasons to end it: the server stops, the connection is
//! old, or it has been idle for too long. All of them end it the same way, with GOAWAY first; so does a flood,
//! which is watched for below hyper. Nothing here is done per request but to count the open streams.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Future, pending, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tower::Service;
use tracing::debug;

use super::flood::Guarded;
use super::limits::Limits;
use super::preface::Prefaced;
use crate::handler::{Lifecycle, Phase};

/// How long the last status of each call may take to its client when the server has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
    let mut io = Guarded::new(io, limits.max_pings);
    if let Err(error) = run_connection(&mut io, service, limits, lifecycle).await {
        debug!(error = &error as &dyn StdError, "connection ended");
        io.part().await;
    }
}

async fn run_connection<I, S, B>(
    io: &mut Guarded<I>,
    service: S,
    limits: &Limits,
    lifecycle: Lifecycle,
) -> Result<(), hyper::Error>
where
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
            result = poll_fn(|cx| streams.poll_connection(connection.as_mut(), cx)) => return result,
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
                    return Ok(());
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

/// Runs a connection's streams, and knows since when there is none.
///
/// Streams begin on the connection's own task, all that came together after one another: most end before they first
/// wait, need no task of their own, and their answers are written together.
#[derive(Clone)]
struct StreamTasks {
    activity: Arc<Activity>,
}

type StreamFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Activity {
    /// Streams that have come, and not begun.
    accepted: Mutex<Vec<StreamFuture>>,
    open: AtomicUsize,
    connected: Instant,
    /// When the last open stream ended, in milliseconds since `connected`.
    idle_since: AtomicU64,
}

impl StreamTasks {
    fn new() -> Self {
        let activity = Activity {
            accepted: Mutex::default(),
            open: AtomicUsize::new(0),
            connected: Instant::now(),
            idle_since: AtomicU64::new(0),
        };
        Self {
            activity: Arc::new(activity),
        }
    }

    /// Polls the connection, and begins the streams that it accepts.
    fn poll_connection<C: Future>(
        &self,
        mut connection: Pin<&mut C>,
        cx: &mut Context<'_>,
    ) -> Poll<C::Output> {
        loop {
            let end = connection.as_mut().poll(cx);
            let accepted = std::mem::take(&mut *self.accepted());
            if end.is_ready() {
                return end;
            }
            if accepted.is_empty() {
                return Poll::Pending;
            }
            for mut stream in accepted {
                // One that waits is polled again at once by its own task, which leaves its waker wherever this poll
                // left none.
                let mut nobody = Context::from_waker(Waker::noop());
                if stream.as_mut().poll(&mut nobody).is_pending() {
                    tokio::spawn(stream);
                }
            }
        }
    }

    fn accepted(&self) -> MutexGuard<'_, Vec<StreamFuture>> {
        self.activity
            .accepted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// When the last stream ended, if none is open.
    fn idle_since(&self) -> Option<Instant> {
        let Activity {
            open,
            connected,
            idle_since,
            ..
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
        self.accepted().push(Box::pin(StreamTask {
            stream,
            _open: OpenStream(Arc::clone(&self.activity)),
        }));
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
struct OpenStream(Arc<Activity>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        let Activity {
            open,
            connected,
            idle_since,
            ..
        } = &*self.0;
        let ends_now = || {
            let now = u64::try_from(connected.elapsed().as_millis()).unwrap_or(u64::MAX);
            idle_since.store(now, Ordering::Release);
        };
        // The clock is read for the last stream only. Written before the count is, so that whoever sees no stream
        // sees when the last one ended; after it only where two streams ended at once.
        let seems_last = open.load(Ordering::Acquire) == 1;
        if seems_last {
            ends_now();
        }
        let is_last = open.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last && !seems_last {
            ends_now();
        }
    }
}
