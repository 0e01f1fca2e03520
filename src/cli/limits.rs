//! The limits of a server, as flags; [`Limits`] tells what each is for.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use crate::Limits;

/// Connections, streams, sizes and times. Sizes are in bytes, times as in 10s, 5m or 500ms.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// Connections open at a time; one more is closed at once
    #[arg(long, value_name = "N", env = "PROTOD_MAX_CONNECTIONS", default_value_t = Limits::default().max_connections)]
    max_connections: usize,

    /// Streams open at a time on one connection; the client waits
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_CONCURRENT_STREAMS",
        default_value_t = Limits::default().max_concurrent_streams
    )]
    max_concurrent_streams: u32,

    /// The headers of one request; over it HTTP 431
    #[arg(
        long,
        value_name = "BYTES",
        env = "PROTOD_MAX_HEADER_SIZE",
        default_value_t = Limits::default().max_header_list_size
    )]
    max_header_size: u32,

    /// The largest message taken, decompressed; over it RESOURCE_EXHAUSTED
    #[arg(long, value_name = "BYTES", env = "PROTOD_MAX_RECEIVE_SIZE", default_value_t = 4 << 20)]
    pub(super) max_receive_size: usize,

    /// The largest message sent, before compression; over it RESOURCE_EXHAUSTED
    #[arg(long, value_name = "BYTES", env = "PROTOD_MAX_SEND_SIZE", default_value_t = u32::MAX as usize)]
    pub(super) max_send_size: usize,

    /// Values in one message taken, each element of a list counted; over it RESOURCE_EXHAUSTED
    #[arg(long, value_name = "N", env = "PROTOD_MAX_ELEMENTS", default_value_t = 1 << 20)]
    pub(super) max_elements: u32,

    /// For the TLS handshake and the first bytes of HTTP/2, together; over it the connection is closed
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_HANDSHAKE_TIMEOUT",
        default_value = "10s"
    )]
    handshake_timeout: humantime::Duration,

    /// How long a connection may live without a stream, or `none`; over it GOAWAY
    #[arg(long, value_name = "TIME", env = "PROTOD_IDLE_TIMEOUT", default_value = "5m")]
    idle_timeout: Lasting,

    /// How long a client may be silent before it is pinged, or `none`
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_KEEPALIVE_INTERVAL",
        default_value = "60s"
    )]
    keepalive_interval: Lasting,

    /// How long the answer to a ping may take; over it the connection is closed
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_KEEPALIVE_TIMEOUT",
        default_value = "20s"
    )]
    keepalive_timeout: humantime::Duration,

    /// How long a connection takes new streams, give or take a tenth, or `none`; over it GOAWAY
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_MAX_CONNECTION_AGE",
        default_value = "none"
    )]
    max_connection_age: Lasting,

    /// How long after that its last streams may run, or `none`; over it the connection is closed
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_MAX_CONNECTION_AGE_GRACE",
        default_value = "none"
    )]
    max_connection_age_grace: Lasting,

    /// How long open calls may go on after SIGINT or SIGTERM; then they end with UNAVAILABLE
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_DRAIN_TIMEOUT",
        default_value = "10s"
    )]
    pub(super) drain_timeout: humantime::Duration,
}

impl LimitArgs {
    /// The limits of connections.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections,
            max_concurrent_streams: self.max_concurrent_streams,
            max_header_list_size: self.max_header_size,
            handshake_timeout: self.handshake_timeout.into(),
            idle_timeout: self.idle_timeout.0,
            keepalive_interval: self.keepalive_interval.0,
            keepalive_timeout: self.keepalive_timeout.into(),
            max_connection_age: self.max_connection_age.0,
            max_connection_age_grace: self.max_connection_age_grace.0,
            ..Limits::default()
        }
    }
}

/// A time, or none.
#[derive(Debug, Clone, Copy)]
struct Lasting(Option<Duration>);

impl FromStr for Lasting {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        humantime::parse_duration(text).map(|time| Self(Some(time)))
    }
}
