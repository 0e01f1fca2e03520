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
/// | [`max_connections`](Self::max_connections) | 10,000 | closed as soon as accepted |
/// | [`max_concurrent_streams`](Self::max_concurrent_streams) | 1000 | the client waits; a stream that it opens anyway is refused |
/// | [`max_header_list_size`](Self::max_header_list_size) | 32 KiB | HTTP 431 |
/// | [`stream_window`](Self::stream_window) | 128 KiB | the client waits |
/// | [`connection_window`](Self::connection_window) | 8 MiB | the client waits |
/// | [`max_frame_size`](Self::max_frame_size) | 16 KiB | FRAME_SIZE_ERROR |
/// | [`max_send_buffer`](Self::max_send_buffer) | 128 KiB | the handler waits |
/// | [`handshake_timeout`](Self::handshake_timeout) | 10 s | closed |
/// | [`idle_timeout`](Self::idle_timeout) | 5 min | GOAWAY |
/// | [`keepalive_interval`](Self::keepalive_interval) | 1 min | a ping is sent; over HTTP/1.1 one of TCP |
/// | [`keepalive_timeout`](Self::keepalive_timeout) | 20 s | closed |
/// | [`max_connection_age`](Self::max_connection_age) | none | GOAWAY |
/// | [`max_connection_age_grace`](Self::max_connection_age_grace) | none | closed |
/// | [`max_pings`](Self::max_pings) | 100 | GOAWAY, ENHANCE_YOUR_CALM |
/// | [`max_pending_resets`](Self::max_pending_resets) | 100 | GOAWAY, ENHANCE_YOUR_CALM |
/// | [`max_error_resets`](Self::max_error_resets) | 1024 | GOAWAY, ENHANCE_YOUR_CALM |
///
/// ```
/// use std::time::Duration;
///
/// use protod::Limits;
///
/// let limits = Limits::default()
///     .max_connections(500)
///     .max_connection_age(Duration::from_hours(1))
///     .idle_timeout(None);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Limits {
    pub(super) max_connections: usize,
    pub(super) max_concurrent_streams: u32,
    pub(super) max_header_list_size: u32,
    pub(super) stream_window: u32,
    pub(super) connection_window: u32,
    pub(super) max_frame_size: u32,
    pub(super) max_send_buffer: u32,
    pub(super) handshake_timeout: Duration,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) keepalive_interval: Option<Duration>,
    pub(super) keepalive_timeout: Duration,
    pub(super) max_connection_age: Option<Duration>,
    pub(super) max_connection_age_grace: Option<Duration>,
    pub(super) max_pings: u32,
    pub(super) max_pending_resets: usize,
    pub(super) max_error_resets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
            max_concurrent_streams: Self::DEFAULT_MAX_CONCURRENT_STREAMS,
            max_header_list_size: Self::DEFAULT_MAX_HEADER_LIST_SIZE,
            stream_window: Self::DEFAULT_STREAM_WINDOW,
            connection_window: Self::DEFAULT_CONNECTION_WINDOW,
            max_frame_size: Self::DEFAULT_MAX_FRAME_SIZE,
            max_send_buffer: Self::DEFAULT_MAX_SEND_BUFFER,
            handshake_timeout: Self::DEFAULT_HANDSHAKE_TIMEOUT,
            idle_timeout: Self::DEFAULT_IDLE_TIMEOUT,
            keepalive_interval: Self::DEFAULT_KEEPALIVE_INTERVAL,
            keepalive_timeout: Self::DEFAULT_KEEPALIVE_TIMEOUT,
            max_connection_age: Self::DEFAULT_MAX_CONNECTION_AGE,
            max_connection_age_grace: Self::DEFAULT_MAX_CONNECTION_AGE_GRACE,
            max_pings: Self::DEFAULT_MAX_PINGS,
            max_pending_resets: Self::DEFAULT_MAX_PENDING_RESETS,
            max_error_resets: Self::DEFAULT_MAX_ERROR_RESETS,
        }
    }
}

impl Limits {
    /// The default of [`max_connections`](Self::max_connections): 10,000.
    pub const DEFAULT_MAX_CONNECTIONS: usize = 10_000;
    /// The default of [`max_concurrent_streams`](Self::max_concurrent_streams): 1000.
    pub const DEFAULT_MAX_CONCURRENT_STREAMS: u32 = 1000;
    /// The default of [`max_header_list_size`](Self::max_header_list_size): 32 KiB.
    pub const DEFAULT_MAX_HEADER_LIST_SIZE: u32 = 32 << 10;
    /// The default of [`stream_window`](Self::stream_window): 128 KiB.
    pub const DEFAULT_STREAM_WINDOW: u32 = 128 << 10;
    /// The default of [`connection_window`](Self::connection_window): 8 MiB.
    pub const DEFAULT_CONNECTION_WINDOW: u32 = 8 << 20;
    /// The default of [`max_frame_size`](Self::max_frame_size): 16 KiB.
    pub const DEFAULT_MAX_FRAME_SIZE: u32 = 16 << 10;
    /// The default of [`max_send_buffer`](Self::max_send_buffer): 128 KiB.
    pub const DEFAULT_MAX_SEND_BUFFER: u32 = 128 << 10;
    /// The default of [`handshake_timeout`](Self::handshake_timeout): 10 s.
    pub const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
    /// The default of [`idle_timeout`](Self::idle_timeout): 5 minutes.
    pub const DEFAULT_IDLE_TIMEOUT: Option<Duration> = Some(Duration::from_mins(5));
    /// The default of [`keepalive_interval`](Self::keepalive_interval): 1 minute.
    pub const DEFAULT_KEEPALIVE_INTERVAL: Option<Duration> = Some(Duration::from_mins(1));
    /// The default of [`keepalive_timeout`](Self::keepalive_timeout): 20 s.
    pub const DEFAULT_KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
    /// The default of [`max_connection_age`](Self::max_connection_age): no limit.
    pub const DEFAULT_MAX_CONNECTION_AGE: Option<Duration> = None;
    /// The default of [`max_connection_age_grace`](Self::max_connection_age_grace): no limit.
    pub const DEFAULT_MAX_CONNECTION_AGE_GRACE: Option<Duration> = None;
    /// The default of [`max_pings`](Self::max_pings): 100.
    pub const DEFAULT_MAX_PINGS: u32 = 100;
    /// The default of [`max_pending_resets`](Self::max_pending_resets): 100.
    pub const DEFAULT_MAX_PENDING_RESETS: usize = 100;
    /// The default of [`max_error_resets`](Self::max_error_resets): 1024.
    pub const DEFAULT_MAX_ERROR_RESETS: usize = 1024;

    /// Connections open at a time, including those in their handshake.
    ///
    /// One too many is closed, not left in the backlog, where its client would hang. A client whose connection is
    /// closed backs off or tries another address. Default: 10,000.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Streams that a client may have open on one connection.
    ///
    /// 1000 is ten times the RFC's recommended minimum. It leaves room for load generators, which put all their calls
    /// on one connection, and keeps the memory of one connection in the tens of MiB. Default: 1000.
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.max_concurrent_streams = streams;
        self
    }

    /// Bytes of one request's headers, as HTTP/2 counts them: names, values, and 32 for each header. Default: 32 KiB.
    pub fn max_header_list_size(mut self, bytes: u32) -> Self {
        self.max_header_list_size = bytes;
        self
    }

    /// Bytes that a client may send on a stream before the handler has read them; at most 2³¹ − 1. Default: 128 KiB.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes;
        self
    }

    /// The same for all streams of a connection together. Larger than the window of a stream, so that a few handlers
    /// that do not read cannot stop the others.
    ///
    /// h2 ends a connection when too many small DATA frames wait. Its budget is half of this window, and a frame costs
    /// what it is short of 256 bytes. The defaults leave room for a whole stream window of 8-byte frames, so a client
    /// that sends small messages one by one fills its stream's window first. Default: 8 MiB.
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    /// Bytes of the largest frame that a client may send; HTTP/2 allows 16 KiB to 16 MiB. Default: 16 KiB.
    pub fn max_frame_size(mut self, bytes: u32) -> Self {
        self.max_frame_size = bytes;
        self
    }

    /// Bytes of responses that wait for a slow reader, per stream. Default: 128 KiB.
    pub fn max_send_buffer(mut self, bytes: u32) -> Self {
        self.max_send_buffer = bytes;
        self
    }

    /// The time for the TLS handshake and the first bytes of HTTP/2, together. Also the time a client has to leave
    /// when its idle connection is closed. Default: 10 s.
    pub fn handshake_timeout(mut self, time: Duration) -> Self {
        self.handshake_timeout = time;
        self
    }

    /// How long a connection may be without a stream. `None` for no limit. Default: 5 minutes.
    pub fn idle_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = time.into();
        self
    }

    /// How long a client may be silent before it is pinged; over HTTP/1.1, which has no pings, TCP's keep-alive asks. `None`
    /// for neither. Default: 1 minute.
    pub fn keepalive_interval(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.keepalive_interval = time.into();
        self
    }

    /// How long a client may take to answer a ping. Default: 20 s.
    pub fn keepalive_timeout(mut self, time: Duration) -> Self {
        self.keepalive_timeout = time;
        self
    }

    /// How long a connection takes new streams, plus or minus a tenth, so that connections opened together are not
    /// closed together. Default: no limit.
    pub fn max_connection_age(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.max_connection_age = time.into();
        self
    }

    /// How long its last streams may run after that. Default: no limit.
    pub fn max_connection_age_grace(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.max_connection_age_grace = time.into();
        self
    }

    /// Frames that a client may send in a row which cost the server work but belong to no call: PING, SETTINGS and
    /// others. The count goes down by one each second, and to zero when the server sends more than answers to them,
    /// because clients measure the round trip while they receive. At least 10, since connections begin with such frames.
    /// Default: 100.
    pub fn max_pings(mut self, frames: u32) -> Self {
        self.max_pings = frames;
        self
    }

    /// Streams that a client may reset before the server has seen them; more is a rapid-reset attack
    /// (CVE-2023-44487). h2's own default is 20; this is higher, since a client may give up a burst of calls when their
    /// common deadline passes. Default: 100.
    pub fn max_pending_resets(mut self, streams: usize) -> Self {
        self.max_pending_resets = streams;
        self
    }

    /// Streams that the server may reset because of a client's errors (RUSTSEC-2024-0003). Default: 1024.
    pub fn max_error_resets(mut self, streams: usize) -> Self {
        self.max_error_resets = streams;
        self
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
