//! Finds out whether a client is still there of whom nothing is heard: TCP's own keep-alive.
//!
//! HTTP/2 has pings. HTTP/1.1 has not, and a client that is gone without a word would keep a call that waits, and its memory,
//! until the call's deadline.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// How often a client is asked before it counts as gone. Linux asks nine times, and others about as often.
const PROBES: u32 = 9;

/// The unit in which systems count these times.
const LEAST: Duration = Duration::from_secs(1);

/// Asks for a sign of life when nothing has come for `silence`, and ends the connection if none comes for `patience`.
pub(super) fn keep_alive(stream: &TcpStream, silence: Duration, patience: Duration) {
    let keep_alive = TcpKeepalive::new().with_time(silence.max(LEAST));
    // Has no such setting.
    #[cfg(not(target_os = "openbsd"))]
    let keep_alive = keep_alive.with_interval((patience / PROBES).max(LEAST));
    // This fails if the client is gone already; then the first read fails too.
    let _ = SockRef::from(stream).set_tcp_keepalive(&keep_alive);
}
