//! One HTTP/2 connection: from the client's first byte to the last stream.
//!
//! hyper runs the connection, and this task watches for the reasons to end it: the server stops, or the connection is
//! too old or has been idle for too long. All of them end it with GOAWAY. Floods are stopped below hyper, in
//! [`http2`](super::http2). The only work per request here is counting the open streams.

use std::error::Error as StdError;
use std::future::{pending, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::buffered_io::BufferedIo;
use super::http_service::HttpService;
use super::http2::Guarded;
use super::limits::Limits;
use super::replayed::Replayed;
use super::streams::Streams;
use crate::handler::{LINGER_TIMEOUT, Lifecycle, Peer, Phase};

/// Serves one connection until its client leaves or the server stops.
pub(super) async fn serve_connection<I, S>(
    io: Replayed<I>,
    peer: Peer,
    service: S,
    limits: &Limits,
    lifecycle: Lifecycle,
) where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming>,
{
    let buffered = BufferedIo::new(io);
    let mut io = Guarded::new(buffered.clone(), limits.max_pings, peer);
    if let Err(error) = run_connection(&mut io, &buffered, service, limits, lifecycle).await {
        debug!(error = &error as &dyn StdError, "connection ended");
        io.close().await;
    }
}

async fn run_connection<I, S>(
    io: &mut Guarded<BufferedIo<I>>,
    buffered: &BufferedIo<I>,
    service: S,
    limits: &Limits,
    lifecycle: Lifecycle,
) -> Result<(), hyper::Error>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming>,
{
    let mut streams = Streams::new();
    let mut connection = pin!(
        limits
            .http2(streams.executor())
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
    );
    let age_ends = limits
        .max_connection_age
        .and_then(|age| Instant::now().checked_add(jittered(age)));
    let idle_ends = |since: Instant| limits.idle_timeout.and_then(|timeout| since.checked_add(timeout));

    let mut awaited = Some(Phase::Draining);
    let mut leaving = false;
    // Whether it leaves because it was idle. A call that crossed the GOAWAY is still answered.
    let mut was_idle = false;
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
            result = poll_fn(|cx| streams.poll_connection(connection.as_mut(), buffered, cx)) => return result,
            () = stop => {
                if leaving {
                    alarm = earlier(alarm, Some(Instant::now() + LINGER_TIMEOUT));
                    awaited = None;
                    // Its calls have ended with the server, so they are not waited for.
                    was_idle = false;
                    continue;
                }
                alarm = None;
            }
            () = ring => {
                let now = Instant::now();
                if leaving {
                    if was_idle && streams.idle_since().is_none() {
                        alarm = now.checked_add(limits.handshake_timeout);
                        continue;
                    }
                    debug!("connection closed: its streams outlived their grace");
                    return Ok(());
                }
                if age_ends.is_some_and(|at| at <= now) {
                    alarm = limits.max_connection_age_grace.and_then(|grace| now.checked_add(grace));
                } else if idle_ends(streams.idle_since().unwrap_or(now)).is_some_and(|at| at <= now) {
                    was_idle = true;
                    alarm = now.checked_add(limits.handshake_timeout);
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

/// `age`, plus or minus up to a tenth.
pub(super) fn jittered(age: Duration) -> Duration {
    // A new hasher has new random keys.
    let random = RandomState::new().hash_one(()) % 201;
    age.saturating_mul(900 + u32::try_from(random).expect("a remainder of 201")) / 1000
}
