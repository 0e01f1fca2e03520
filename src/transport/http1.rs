//! One HTTP/1.1 connection: one request after the other.
//!
//! hyper reads and writes; what is here bounds a connection as those of HTTP/2 are bounded: the size and the time of
//! heads, the time that a body may stand still, and the reasons to end it. A request that waits behind another is not read
//! before that has its answer.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::Status;
use tower::util::MapRequest;
use tower::Service;
use tracing::debug;

use super::limits::Limits;
use super::replayed::Replayed;
use super::streams::{overdue, take_started_call};
use crate::handler::{LINGER_TIMEOUT, Lifecycle, Phase};

/// The least that hyper takes as the size of its buffer.
const LEAST_BUFFER: usize = 8 << 10;

/// Serves one connection until its client leaves or the server stops.
pub(super) async fn serve_http1<I, S, B>(io: Replayed<I>, service: S, limits: &Limits, lifecycle: Lifecycle)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Http1Body>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let patience = limits.idle_timeout;
    let requests = Arc::new(AtomicU64::new(0));
    let service = {
        let requests = Arc::clone(&requests);
        MapRequest::new(service, move |request: Request<Incoming>| {
            requests.fetch_add(1, Ordering::Relaxed);
            request.map(|body| Http1Body::new(body, patience))
        })
    };
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.handshake_timeout)
            .max_buf_size((limits.max_header_list_size as usize).max(LEAST_BUFFER))
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
    );
    let leaves = async {
        tokio::select! {
            () = lifecycle.reached(Phase::Draining) => {}
            () = at(limits.max_connection_age.and_then(|age| Instant::now().checked_add(age))) => {}
        }
    };
    let mut last_call = LastCall::new(requests);
    tokio::select! {
        biased;
        result = poll_fn(|cx| last_call.poll_with(connection.as_mut(), cx)) => return tell(result),
        () = leaves => connection.as_mut().graceful_shutdown(),
    }
    let ends = async {
        lifecycle.reached(Phase::Ended).await;
        sleep(LINGER_TIMEOUT).await;
    };
    tokio::select! {
        biased;
        result = poll_fn(|cx| last_call.poll_with(connection.as_mut(), cx)) => tell(result),
        () = ends => debug!("connection closed: its call outlived its grace"),
    }
}

/// The call of a connection's last request.
struct LastCall {
    /// How many requests have come.
    requests: Arc<AtomicU64>,
    /// How many had come when this was looked at last.
    seen: u64,
    /// Waits until the call is overdue. `None` if it has all the time that it wants.
    overdue: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl LastCall {
    fn new(requests: Arc<AtomicU64>) -> Self {
        Self {
            requests,
            seen: 0,
            overdue: None,
        }
    }

    /// Polls the connection, and ends it when its call must end and the client does not read the end.
    fn poll_with<C>(&mut self, connection: Pin<&mut C>, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>>
    where
        C: Future<Output = Result<(), hyper::Error>>,
    {
        let ended = connection.poll(cx);
        let requests = self.requests.load(Ordering::Relaxed);
        if std::mem::replace(&mut self.seen, requests) != requests {
            self.overdue = None;
        }
        // Behind layers a call begins later than its request.
        if let Some(expiry) = take_started_call() {
            self.overdue = Some(Box::pin(overdue(expiry)));
        }
        if ended.is_pending()
            && let Some(overdue) = &mut self.overdue
            && overdue.as_mut().poll(cx).is_ready()
        {
            debug!("connection closed: its call outlived its grace");
            return Poll::Ready(Ok(()));
        }
        ended
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

fn tell(result: Result<(), hyper::Error>) {
    if let Err(error) = result {
        debug!(error = &error as &dyn StdError, "connection ended");
    }
}

pin_project! {
    /// The body of a request. It fails if nothing of it comes for long.
    ///
    /// hyper's own does not say when it has ended, unless its length was known. With HTTP/1 a client that goes away is an
    /// error, so the end is always that of the request.
    pub(crate) struct Http1Body {
        #[pin]
        body: Incoming,
        has_ended: bool,
        patience: Option<Duration>,
        #[pin]
        alarm: Option<Sleep>,
    }
}

impl Http1Body {
    fn new(body: Incoming, patience: Option<Duration>) -> Self {
        Self {
            has_ended: body.is_end_stream(),
            body,
            patience,
            alarm: None,
        }
    }
}

impl Body for Http1Body {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let Poll::Ready(frame) = this.body.as_mut().poll_frame(cx) else {
            let Some(patience) = *this.patience else {
                return Poll::Pending;
            };
            if this.alarm.is_none() {
                this.alarm.set(Some(sleep(patience)));
            }
            let alarm = this.alarm.as_mut().as_pin_mut().expect("it was set");
            ready!(alarm.poll(cx));
            return Poll::Ready(Some(Err(Status::cancelled(
                "the client sent nothing more of its request",
            ))));
        };
        this.alarm.set(None);
        *this.has_ended = frame.is_none() || this.body.is_end_stream();
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| {
                debug!(error = &error as &dyn StdError, "a request did not come whole");
                Status::cancelled("the client cancelled the call")
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
