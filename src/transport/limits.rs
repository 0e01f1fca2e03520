//! The limits of connections: how many, how large, how long.
//!
//! With the defaults a server that nobody watches stays up. The limits of messages and calls belong to the server's
//! builder.

use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::TokioTimer;

/// The limits of a listener and its connections.
///
/// | limit | default | over it |
/// |---|---|---|
/// | [`max_connections`](Self::max_connections) | 10 000 | closed as soon as accepted |
/// | [`max_concurrent_streams`](Self::max_concurrent_streams) | 1000 | the client waits; a stream that it opens anyway is refused |
/// | [`max_header_list_size`](Self::max_header_list_size) | 32 KiB | HTTP 431 |
/// | [`stream_window`](Self::stream_window) | 128 KiB | the client waits |
/// | [`connection_window`](Self::connection_window) | 8 MiB | the client waits |
/// | [`max_frame_size`](Self::max_frame_size) | 16 KiB | FRAME_SIZE_ERROR |
/// | [`max_send_buffer`](Self::max_send_buffer) | 128 KiB | the handler waits |
/// | [`handshake_timeout`](Self::handshake_timeout) | 10 s | closed |
/// | [`idle_timeout`](Self::idle_timeout) | 5 min | GOAWAY |
/// | [`keepalive_interval`](Self::keepalive_interval) | 1 min | a ping is sent |
/// | [`keepalive_timeout`](Self::keepalive_timeout) | 20 s | closed |
/// | [`max_connection_age`](Self::max_connection_age) | none | GOAWAY |
/// | [`max_connection_age_grace`](Self::max_connection_age_grace) | none | closed |
/// | [`max_pings`](Self::max_pings) | 100 | GOAWAY, ENHANCE_YOUR_CALM |
/// | [`max_pending_resets`](Self::max_pending_resets) | 100 | GOAWAY, ENHANCE_YOUR_CALM |
/// | [`max_error_resets`](Self::max_error_resets) | 1024 | GOAWAY, ENHANCE_YOUR_CALM |
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at a time, including those in their handshake.
    ///
    /// One too many is closed, not left in the backlog, where its client would hang. A client whose connection is
    /// closed backs off or tries another address.
    pub max_connections: usize,
    /// Streams that a client may have open on one connection.
    ///
    /// 1000 is ten times the RFC's recommended minimum. It leaves room for load generators, which put all their calls
    /// on one connection, and keeps the memory of one connection in the tens of MiB.
    pub max_concurrent_streams: u32,
    /// Bytes of one request's headers, as HTTP/2 counts them: names, values, and 32 for each header.
    pub max_header_list_size: u32,
    /// Bytes that a client may send on a stream before the handler has read them; at most 2³¹ − 1.
    pub stream_window: u32,
    /// The same for all streams of a connection together. Larger than the window of a stream, so that a few handlers
    /// that do not read cannot stop the others.
    ///
    /// h2 ends a connection when too many small DATA frames wait. Its budget is half of this window, and a frame costs
    /// what it is short of 256 bytes. The defaults leave room for a whole stream window of 8-byte frames, so a client
    /// that sends small messages one by one fills its stream's window first.
    pub connection_window: u32,
    /// Bytes of the largest frame that a client may send; HTTP/2 allows 16 KiB to 16 MiB.
    pub max_frame_size: u32,
    /// Bytes of responses that wait for a slow reader, per stream.
    pub max_send_buffer: u32,
    /// The time for the TLS handshake and the first bytes of HTTP/2, together. Also the time a client has to leave
    /// when its idle connection is closed.
    pub handshake_timeout: Duration,
    /// How long a connection may live without a stream.
    pub idle_timeout: Option<Duration>,
    /// How long a client may be silent before it is pinged.
    pub keepalive_interval: Option<Duration>,
    /// How long a client may take to answer a ping.
    pub keepalive_timeout: Duration,
    /// How long a connection takes new streams, plus or minus a tenth, so that connections opened together are not
    /// closed together.
    pub max_connection_age: Option<Duration>,
    /// How long its last streams may run after that.
    pub max_connection_age_grace: Option<Duration>,
    /// Frames that a client may send in a row which cost the server work but belong to no call: PING, SETTINGS and
    /// others. The count goes down by one each second, and to zero when the server sends more than answers to them,
    /// because clients measure the round trip while they receive. At least 10, since connections begin with such frames.
    pub max_pings: u32,
    /// Streams that a client may reset before the server has seen them; more is a rapid-reset attack
    /// (CVE-2023-44487). h2's own default is 20; this is higher, since a client may give up a burst of calls when their
    /// common deadline passes.
    pub max_pending_resets: usize,
    /// Streams that the server may reset because of a client's errors (RUSTSEC-2024-0003).
    pub max_error_resets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_concurrent_streams: 1000,
            max_header_list_size: 32 << 10,
            stream_window: 128 << 10,
            connection_window: 8 << 20,
            max_frame_size: 16 << 10,
            max_send_buffer: 128 << 10,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Some(Duration::from_mins(5)),
            keepalive_interval: Some(Duration::from_mins(1)),
            keepalive_timeout: Duration::from_secs(20),
            max_connection_age: None,
            max_connection_age_grace: None,
            max_pings: 100,
            max_pending_resets: 100,
            max_error_resets: 1024,
        }
    }
}

/// The largest window of HTTP/2, RFC 9113 section 6.9.1.
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

impl Limits {
    /// A connection builder with these limits. Values that HTTP/2 does not allow are clamped to its bounds.
    pub(super) fn http2<E>(&self, executor: E) -> http2::Builder<E> {
        let mut builder = http2::Builder::new(executor);
        builder
            .timer(TokioTimer::new())
            .auto_date_header(false) // gRPC has no use for it
            .max_concurrent_streams(self.max_concurrent_streams)
            .max_header_list_size(self.max_header_list_size)
            .initial_stream_window_size(self.stream_window.min(LARGEST_WINDOW))
            .initial_connection_window_size(self.connection_window.min(LARGEST_WINDOW))
            .max_frame_size(self.max_frame_size.clamp(1 << 14, (1 << 24) - 1))
            .max_send_buf_size(self.max_send_buffer as usize)
            .keep_alive_interval(self.keepalive_interval)
            .keep_alive_timeout(self.keepalive_timeout)
            .max_pending_accept_reset_streams(self.max_pending_resets)
            .max_local_error_reset_streams(self.max_error_resets);
        builder
    }
}
