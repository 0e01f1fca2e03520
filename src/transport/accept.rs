//! The accept loop: from a listener to the tasks of its connections.
//!
//! Accepting never waits for a client: handshakes run in the task of their connection, under a time-out. After an error
//! of the process, such as no more file descriptors, the loop pauses, longer each time; an error of one connection ends
//! only that connection. When the server drains, the socket closes before anything else happens.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::either::Either;
use tracing::{debug, info, warn};

use super::connection::serve_connection;
use super::counts::ConnectionCounts;
use super::http_service::HttpService;
use super::http1::{Http1Body, serve_http1};
use super::http2::{Version, read_preface};
use super::limits::Limits;
use super::listener::Listener;
use super::replayed::Replayed;
use super::tls::{Tls, TlsStream, is_handshake_fault};
use super::wrong_protocol::WrongProtocol;
use crate::handler::{Lifecycle, Peer, Phase};
use crate::throttle::Throttle;

/// Whoever runs the server is told of clients that mix up TLS and plain text, but not of each.
static MIX_UPS: Throttle = Throttle::new(Duration::from_mins(1));

/// The same of certificates that are missing or refused. There are more kinds of these, and more to try.
static HANDSHAKES: Throttle = Throttle::of_lines(10, Duration::from_mins(1));

/// A stream as HTTP sees it. TLS streams are boxed, so that connections without TLS do not pay for the size of their
/// buffers.
type Transport<I> = Either<I, Box<TlsStream<I>>>;

/// Serves HTTP on `listener` until `lifecycle` says to drain, and returns when the last connection has ended.
/// Dropping the future drops all connections.
///
/// `new_service` makes the service of each connection, which may keep what it needs of the [`Peer`]. The service is
/// cloned for every request.
pub(crate) async fn serve<L, M, S>(
    mut listener: L,
    tls: Option<Tls>,
    limits: Limits,
    lifecycle: Lifecycle,
    counts: &ConnectionCounts,
    new_service: M,
) where
    L: Listener,
    M: Fn(Peer) -> S + Send + Sync + 'static,
    S: HttpService<Incoming> + HttpService<Http1Body>,
{
    let most = limits.max_connections;
    let endpoint = Arc::new(Endpoint {
        tls,
        limits,
        new_service,
    });
    let mut connections = JoinSet::new();
    let mut backoff = Backoff::default();
    loop {
        let accepted = {
            // Kept while connections end, because a listener may lose a connection if it is interrupted.
            let mut accepted = pin!(accept_next(&mut listener, &mut backoff));
            loop {
                tokio::select! {
                    biased;
                    () = lifecycle.reached(Phase::Draining) => break None,
                    Some(_) = connections.join_next() => {}
                    accepted = &mut accepted => break Some(accepted),
                }
            }
        };
        let Some((io, peer)) = accepted else { break };
        if connections.len() >= most {
            debug!(peer = %peer.addr(), "connection refused: {most} are open, which is the limit");
            counts.refuse();
            continue;
        }
        if let Some(silence) = endpoint.limits.keepalive_interval {
            L::keep_alive(&io, silence, endpoint.limits.keepalive_timeout);
        }
        let (endpoint, lifecycle) = (Arc::clone(&endpoint), lifecycle.clone());
        let counted = counts.accept();
        connections.spawn(async move {
            endpoint.serve_connection(io, peer, lifecycle).await;
            drop(counted);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// What all connections of a listener share.
struct Endpoint<M> {
    tls: Option<Tls>,
    limits: Limits,
    new_service: M,
}

impl<M> Endpoint<M> {
    async fn serve_connection<I, S>(&self, io: I, peer: Peer, lifecycle: Lifecycle)
    where
        I: AsyncRead + AsyncWrite + Unpin,
        M: Fn(Peer) -> S,
        S: HttpService<Incoming> + HttpService<Http1Body>,
    {
        let addr = peer.addr().clone();
        let opened = tokio::select! {
            () = lifecycle.reached(Phase::Draining) => return,
            opened = timeout(self.limits.handshake_timeout, self.open(io, peer)) => opened,
        };
        match opened {
            Ok(Ok((transport, peer, version))) => {
                let service = (self.new_service)(peer.clone());
                let transport = match version {
                    Version::Http2 => Some(transport),
                    Version::Http1 => {
                        // Within TLS, ALPN has said what is spoken.
                        let may_upgrade = self.tls.is_none();
                        let (service, lifecycle) = (service.clone(), lifecycle.clone());
                        serve_http1(transport, service, &self.limits, lifecycle, may_upgrade).await
                    }
                };
                if let Some(transport) = transport {
                    serve_connection(transport, peer, service, &self.limits, lifecycle).await;
                }
            }
            Ok(Err(error)) => {
                let is_mix_up = WrongProtocol::is_mix_up(&error) && MIX_UPS.pass().is_some();
                if is_mix_up || is_handshake_fault(&error) && HANDSHAKES.pass().is_some() {
                    info!(peer = %addr, "no connection was made: {error}");
                } else {
                    debug!(peer = %addr, error = %error, "no connection was made");
                }
            }
            Err(_) => debug!(peer = %addr, "no connection was made: the handshake took too long"),
        }
    }

    /// The TLS handshake, if TLS is on, then the first bytes.
    async fn open<I>(&self, io: I, peer: Peer) -> io::Result<(Replayed<Transport<I>>, Peer, Version)>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let (transport, peer) = match &self.tls {
            None => (Either::Left(io), peer),
            Some(tls) => {
                let (stream, peer) = tls.accept(io, peer).await?;
                (Either::Right(Box::new(stream)), peer)
            }
        };
        let (transport, version) = read_preface(transport).await?;
        Ok((transport, peer, version))
    }
}

/// Waits for the next connection, and pauses after errors of the process.
pub(super) async fn accept_next<L: Listener>(listener: &mut L, backoff: &mut Backoff) -> (L::Io, Peer) {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                *backoff = Backoff::default();
                return accepted;
            }
            Err(error) if is_of_one_connection(&error) => {
                debug!(error = %error, "a connection was not accepted");
            }
            Err(error) => {
                let pause = backoff.next_pause();
                warn!(error = %error, "no connection can be accepted; the next try is in {pause:?}");
                sleep(pause).await;
            }
        }
    }
}

/// Whether the error is of one connection, whose client went away before it was accepted. The next accept may succeed.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | NotConnected
    )
}

/// The pauses after errors of accept: 50 ms, then doubling, up to 1 s.
#[derive(Debug)]
pub(super) struct Backoff {
    pub(super) next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            next: Duration::from_millis(50),
        }
    }
}

impl Backoff {
    fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Duration::from_secs(1));
        pause
    }
}
