//! One HTTP/1.1 connection, from the client's first byte to its last request, and the reasons to end it.

use std::error::Error as StdError;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;
use tower::util::{MapRequest, MapResponse};
use tracing::debug;

use super::body::{Http1Body, ResponseBody};
use super::guard::{Exchange, Guarded};
use crate::handler::{LINGER_TIMEOUT, Lifecycle, Phase};
use crate::transport::connection::jittered;
use crate::transport::http_service::HttpService;
use crate::transport::limits::Limits;
use crate::transport::replayed::Replayed;
use crate::transport::streams::{overdue, take_started_call};

/// An extension of the requests that come over HTTP/1.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverHttp1;

/// The least that hyper takes as the size of its buffer.
const LEAST_BUFFER: usize = 8 << 10;

/// Serves one connection until its client leaves, the server stops, or a request asks to go on in HTTP/2. Then it returns
/// the stream, from which HTTP/2 is to be read; requests can ask for that if they `may_upgrade`.
pub(in crate::transport) async fn serve_http1<I, S>(
    io: Replayed<I>,
    service: S,
    limits: &Limits,
    lifecycle: Lifecycle,
    may_upgrade: bool,
) -> Option<Replayed<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Http1Body>,
{
    let exchange = Arc::default();
    let mut io = Guarded::new(io, limits, &exchange, may_upgrade);
    if let Err(error) = run_connection(&mut io, exchange, service, limits, lifecycle).await {
        debug!(error = &error as &dyn StdError, "connection ended");
    }
    if let Some(start) = io.upgrade().await {
        return Some(io.into_inner().starting_with(start));
    }
    io.close().await;
    None
}

async fn run_connection<I, S>(
    io: &mut Guarded<Replayed<I>>,
    exchange: Arc<Exchange>,
    service: S,
    limits: &Limits,
    lifecycle: Lifecycle,
) -> Result<(), hyper::Error>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Http1Body>,
{
    let patience = limits.idle_timeout;
    let mut last_call = LastCall::new(&exchange);
    let of_requests = Arc::clone(&exchange);
    let service = MapRequest::new(service, move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(OverHttp1);
        let waits = request.headers().contains_key(header::EXPECT);
        request.map(|body| Http1Body::new(body, waits, &of_requests, patience))
    });
    let service = MapResponse::new(service, move |mut response: Response<S::Body>| {
        if let Some(reason) = reason_of(response.status()) {
            response.extensions_mut().insert(reason);
        }
        if exchange.is_last() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.map(|body| ResponseBody::new(body, &exchange))
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            // The guard keeps the time.
            .header_read_timeout(None)
            .max_buf_size((limits.max_header_list_size as usize).max(LEAST_BUFFER))
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
    );
    let grace = tokio::select! {
        biased;
        result = poll_fn(|cx| last_call.poll_with(connection.as_mut(), cx)) => return result,
        () = lifecycle.reached(Phase::Draining) => None,
        () = after(limits.max_connection_age.map(jittered)) => limits.max_connection_age_grace,
    };
    connection.as_mut().graceful_shutdown();
    let ended = async {
        lifecycle.reached(Phase::Ended).await;
        sleep(LINGER_TIMEOUT).await;
    };
    tokio::select! {
        biased;
        result = poll_fn(|cx| last_call.poll_with(connection.as_mut(), cx)) => return result,
        () = ended => {}
        () = after(grace) => {}
    }
    debug!("connection closed: its call outlived its grace");
    Ok(())
}

/// What stands behind a status that has no name of its own. hyper writes a word of its own there.
fn reason_of(status: StatusCode) -> Option<ReasonPhrase> {
    match status.canonical_reason() {
        Some(_) => None,
        None if status.as_u16() == 499 => Some(ReasonPhrase::from_static(b"Client Closed Request")),
        None => Some(ReasonPhrase::from_static(b"")),
    }
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}

/// The call of the request that has no response yet.
struct LastCall {
    exchange: Arc<Exchange>,
    /// How many requests had begun when this was looked at last.
    seen: u64,
    /// Waits until the call is overdue. `None` if it has all the time that it wants.
    overdue: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl LastCall {
    fn new(exchange: &Arc<Exchange>) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            seen: 0,
            overdue: None,
        }
    }

    /// Polls the connection, and ends it when its call must end and the client does not read the end.
    fn poll_with<C>(
        &mut self,
        connection: Pin<&mut C>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), hyper::Error>>
    where
        C: Future<Output = Result<(), hyper::Error>>,
    {
        let ended = connection.poll(cx);
        let begun = self.exchange.requests();
        if std::mem::replace(&mut self.seen, begun) != begun || self.exchange.is_over() {
            self.overdue = None;
        }
        // Behind layers a call begins later than its request.
        if let Some(expiry) = take_started_call()
            && !self.exchange.is_over()
        {
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
