//! Runs a connection and its streams.
//!
//! Streams that arrive together begin on the connection's own task, one after another, and their responses are written
//! together. Most end before they first wait, or wait only until the rest of their request has come, which some clients send
//! apart from its headers: these stay there. A stream that waits more often gets a task, and so does one that is about to do what
//! takes long.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, Stream};
use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;
use tokio::io::AsyncWrite;
use tokio::time::{Instant, sleep};

use super::buffered_io::BufferedIo;
use crate::handler::{Expiry, LINGER_TIMEOUT, run_turn, take_leaving};

/// How many rounds a connection may run before other tasks get their turn.
const ROUNDS: usize = 16;

/// How often a stream is polled on the task of its connection after it first waited. The headers of a request, its message and its
/// end may come apart, and the first of these polls only registers a waker.
const POLLS: u8 = 4;

thread_local! {
    /// When the call of the stream that is polled on this thread must end. It is passed this way because hyper, which is
    /// in between, has no place for it.
    static STARTED_CALL: Cell<Option<Expiry>> = const { Cell::new(None) };
}

/// Tells the stream that is being polled when its call must end.
pub(crate) fn call_began(expiry: Option<Expiry>) {
    STARTED_CALL.set(expiry);
}

/// When the call must end that began while this thread polled, if one did.
pub(super) fn take_started_call() -> Option<Expiry> {
    STARTED_CALL.take()
}

/// Waits until a call is overdue: it has ended, and its client has had a moment to read the end.
pub(super) async fn overdue(expiry: Expiry) {
    expiry.reached().await;
    sleep(LINGER_TIMEOUT).await;
}

type StreamFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs a connection and its streams.
pub(super) struct Streams {
    activity: Arc<Activity>,
    connection_waker: Arc<ConnectionWaker>,
    /// The same, in the form that a context takes.
    waker: Waker,
    /// The streams that have waited, and have no task of their own.
    waiting: FuturesUnordered<Waiting>,
}

impl Streams {
    pub(super) fn new() -> Self {
        let connection_waker = Arc::<ConnectionWaker>::default();
        Self {
            activity: Arc::new(Activity {
                accepted: Mutex::default(),
                open: AtomicUsize::new(0),
                connected: Instant::now(),
                idle_since: AtomicU64::new(0),
            }),
            waker: Waker::from(Arc::clone(&connection_waker)),
            connection_waker,
            waiting: FuturesUnordered::new(),
        }
    }

    /// Takes the streams that the connection accepts.
    pub(super) fn executor(&self) -> Executor {
        Executor {
            activity: Arc::clone(&self.activity),
        }
    }

    /// When the last stream ended; `None` while one is open.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.activity.idle_since()
    }

    /// Polls the connection and its streams, until there is no more to do; then writes their responses.
    pub(super) fn poll_connection<C: Future, I: AsyncWrite + Unpin>(
        &mut self,
        mut connection: Pin<&mut C>,
        buffered: &BufferedIo<I>,
        cx: &mut Context<'_>,
    ) -> Poll<C::Output> {
        let Self {
            activity,
            connection_waker,
            waker,
            waiting,
        } = self;
        connection_waker.task.register(cx.waker());
        let mut own = Context::from_waker(waker);
        let mut idle = false;
        for _ in 0..ROUNDS {
            connection_waker.begin_round();
            let end = connection.as_mut().poll(&mut own);
            if end.is_ready() {
                // They learn of it.
                for one in std::mem::take(waiting) {
                    one.stream.map(tokio::spawn);
                }
                return end;
            }
            run_streams(activity, waiting, &mut own);
            idle = connection_waker.end_round();
            if idle {
                break;
            }
        }
        buffered.poll_write_out(&mut own);
        if !idle {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Begins the streams that were accepted, and goes on with those that have waited.
fn run_streams(activity: &Activity, waiting: &mut FuturesUnordered<Waiting>, cx: &mut Context<'_>) {
    let accepted = activity.take_accepted();
    if accepted.is_empty() && waiting.is_empty() {
        return;
    }
    // What they answer is written when the connection is polled again.
    run_turn(|| {
        for mut stream in accepted {
            // A stream that waits is polled again at once, with a waker.
            let mut nobody = Context::from_waker(Waker::noop());
            if stream.as_mut().poll(&mut nobody).is_ready() {
                continue;
            }
            if take_leaving() {
                tokio::spawn(stream);
            } else {
                waiting.push(Waiting {
                    stream: Some(stream),
                    polls: POLLS,
                });
            }
        }
        while let Poll::Ready(Some(gone)) = Pin::new(&mut *waiting).poll_next(cx) {
            if let Some(stream) = gone {
                tokio::spawn(stream);
            }
        }
    });
}

/// A stream that has waited, and may be polled so often on the task of its connection. It is gone when it has ended, or when it is to
/// have a task of its own, which polls it at once.
struct Waiting {
    /// `None` when it is to have a task.
    stream: Option<StreamFuture>,
    polls: u8,
}

impl Future for Waiting {
    type Output = Option<StreamFuture>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let (Some(stream), Some(polls)) = (&mut this.stream, this.polls.checked_sub(1)) {
            this.polls = polls;
            if stream.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            if !take_leaving() {
                return Poll::Pending;
            }
        }
        Poll::Ready(this.stream.take())
    }
}

/// Streams that never began keep the list alive that holds them, so the list is emptied here.
impl Drop for Streams {
    fn drop(&mut self) {
        drop(self.activity.take_accepted());
    }
}

/// Wakes the connection's task, unless it is running.
///
/// While it runs, a wake only makes it go another round. Waking a running task through the runtime would queue it, and
/// wake another thread to look at the queue.
#[derive(Default)]
struct ConnectionWaker {
    state: AtomicU8,
    task: AtomicWaker,
}

/// The task waits for a wake.
const IDLE: u8 = 0;
/// It runs, and was not woken since its round began.
const RUNNING: u8 = 1;
/// It was woken.
const WOKEN: u8 = 2;

impl ConnectionWaker {
    fn begin_round(&self) {
        self.state.store(RUNNING, Ordering::SeqCst);
    }

    /// Whether the task was not woken since the round began, and so waits from now on.
    fn end_round(&self) -> bool {
        let idle = self
            .state
            .compare_exchange(RUNNING, IDLE, Ordering::SeqCst, Ordering::SeqCst);
        idle.is_ok()
    }
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::SeqCst) == IDLE {
            self.task.wake();
        }
    }
}

/// Takes the streams that a connection accepts.
#[derive(Clone)]
pub(super) struct Executor {
    activity: Arc<Activity>,
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.activity.open.fetch_add(1, Ordering::AcqRel);
        self.activity.accepted().push(Box::pin(BoundedStream {
            stream,
            polled: false,
            expiry: None,
            overdue: None,
            _open: OpenStream(Arc::clone(&self.activity)),
        }));
    }
}

/// The streams of a connection.
struct Activity {
    /// Those that were accepted and have not begun.
    accepted: Mutex<Vec<StreamFuture>>,
    open: AtomicUsize,
    connected: Instant,
    /// When the last open stream ended, in milliseconds since `connected`.
    idle_since: AtomicU64,
}

impl Activity {
    fn accepted(&self) -> MutexGuard<'_, Vec<StreamFuture>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_accepted(&self) -> Vec<StreamFuture> {
        std::mem::take(&mut *self.accepted())
    }

    fn idle_since(&self) -> Option<Instant> {
        (self.open.load(Ordering::Acquire) == 0)
            .then(|| self.connected + Duration::from_millis(self.idle_since.load(Ordering::Acquire)))
    }
}

pin_project! {
    /// A stream, which is dropped when its call must end and the client does not read the end.
    ///
    /// A call ends through its response body. While the client's window is closed, hyper does not poll the body.
    struct BoundedStream<F> {
        #[pin]
        stream: F,
        polled: bool,
        expiry: Option<Expiry>,
        // Made when the stream is polled again, after a first poll that registers no waker.
        overdue: Option<StreamFuture>,
        _open: OpenStream,
    }
}

impl<F: Future<Output = ()>> Future for BoundedStream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let ended = this.stream.poll(cx);
        // Most calls start in the first poll, and those behind layers later.
        if this.expiry.is_none() && this.overdue.is_none() {
            *this.expiry = take_started_call();
        }
        if !std::mem::replace(this.polled, true) || ended.is_ready() {
            return ended;
        }
        if let Some(expiry) = this.expiry.take() {
            *this.overdue = Some(Box::pin(overdue(expiry)));
        }
        match this.overdue {
            Some(overdue) => overdue.as_mut().poll(cx),
            None => Poll::Pending,
        }
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
        // The clock is read for the last stream only. The time is written before the count, so that whoever sees a count
        // of 0 sees the time; it is written after the count only if two streams ended at once.
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use bytes::Bytes;
    use hyper::rt::Executor as _;
    use tokio::runtime::Handle;
    use tokio::sync::{Notify, oneshot};

    use super::*;
    use crate::handler::Lane;
    use crate::transport::replayed::Replayed;

    /// Runs a connection until what it is told of its streams has happened.
    async fn run(streams: &mut Streams, until: impl Future<Output = ()>) {
        let (io, _other) = tokio::io::duplex(1);
        let buffered = BufferedIo::new(Replayed::new(io, Bytes::new()));
        let mut connection = std::pin::pin!(std::future::pending::<()>());
        tokio::select! {
            biased;
            () = poll_fn(|cx| streams.poll_connection(connection.as_mut(), &buffered, cx)) => {}
            () = until => {}
        }
    }

    /// How many streams have tasks.
    fn tasks() -> usize {
        Handle::current().metrics().num_alive_tasks()
    }

    /// A stream that waits so often, and how to wake and end it.
    fn waits(times: usize) -> (impl Future<Output = ()> + Send, impl Future<Output = ()>) {
        let (woken, waits) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (wakes, has_waited) = (Arc::clone(&woken), Arc::clone(&waits));
        let stream = async move {
            for _ in 0..times {
                waits.notify_one();
                woken.notified().await;
            }
            waits.notify_one();
        };
        let wake = async move {
            for _ in 0..times {
                has_waited.notified().await;
                wakes.notify_one();
            }
            has_waited.notified().await;
        };
        (stream, wake)
    }

    #[tokio::test]
    async fn a_stream_whose_request_comes_in_parts_needs_no_task() {
        let mut streams = Streams::new();
        let (stream, wake) = waits(usize::from(POLLS) - 1);
        streams.executor().execute(stream);
        run(&mut streams, wake).await;
        assert_eq!((tasks(), streams.waiting.len()), (0, 0));
        assert!(streams.idle_since().is_some(), "it has ended");
    }

    #[tokio::test]
    async fn a_stream_that_waits_often_gets_a_task() {
        let mut streams = Streams::new();
        let (stream, wake) = waits(usize::from(POLLS) + 1);
        streams.executor().execute(async move {
            stream.await;
            std::future::pending::<()>().await;
        });
        run(&mut streams, wake).await;
        assert_eq!((tasks(), streams.waiting.len()), (1, 0));
    }

    #[tokio::test]
    async fn what_takes_long_has_a_task_whether_it_waited_before_or_not() {
        for times in 0..usize::from(POLLS) {
            let mut streams = Streams::new();
            let (stream, wake) = waits(times);
            let (ended, end) = oneshot::channel();
            streams.executor().execute(async move {
                stream.await;
                let _lane = Lane::enter().await;
                let _ = ended.send(tokio::task::try_id().is_some());
            });
            let (mut has_task, sent) = (None, async { end.await.expect("it ends") });
            run(&mut streams, async {
                wake.await;
                has_task = Some(sent.await);
            })
            .await;
            assert_eq!(has_task, Some(true), "after {times}");
        }
    }

    #[tokio::test]
    async fn streams_that_wait_learn_that_their_connection_has_ended() {
        let mut streams = Streams::new();
        let (ended, end) = oneshot::channel();
        let (stream, wake) = waits(1);
        streams.executor().execute(async move {
            stream.await;
            let _ = ended.send(());
        });
        let (io, _other) = tokio::io::duplex(1);
        let buffered = BufferedIo::new(Replayed::new(io, Bytes::new()));
        run(&mut streams, std::future::ready(())).await;
        assert_eq!(streams.waiting.len(), 1);
        let mut over = std::pin::pin!(std::future::ready(()));
        poll_fn(|cx| streams.poll_connection(over.as_mut(), &buffered, cx)).await;
        wake.await;
        end.await.expect("it went on");
    }

    #[test]
    fn a_stream_that_never_began_goes_with_its_connection() {
        let streams = Streams::new();
        let activity = Arc::downgrade(&streams.activity);
        streams.executor().execute(std::future::pending());
        drop(streams);
        assert!(activity.upgrade().is_none(), "it holds what holds it");
    }
}
