//! The limits of a server, as flags.
//!
//! Their defaults are the library's own, and a test compares the two. docs/limits.md lists them in one table, which a
//! test compares with the help.

use clap::Args;
use protod::{Limits, RulesOptions, ServerBuilder};

use super::count::count;
use super::size::Size;
use super::time::{OptionalTime, Time};

/// HTTP/2 has no larger windows.
const LARGEST_WINDOW: Size = Size::bytes((1 << 31) - 1);

/// Connections, streams, sizes and times. Sizes are in bytes or as in 64k or 8MiB, times as in 10s, 5m or 500ms.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Open connections; one more is closed at once
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_CONNECTIONS",
        default_value_t = Limits::DEFAULT_MAX_CONNECTIONS,
        value_parser = count::<usize>(1, u64::MAX)
    )]
    max_connections: usize,

    /// Open streams on one connection; the client waits before it opens more
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_CONCURRENT_STREAMS",
        default_value_t = Limits::DEFAULT_MAX_CONCURRENT_STREAMS,
        value_parser = count::<u32>(1, u32::MAX.into())
    )]
    max_concurrent_streams: u32,

    /// Calls in flight over all connections; one more ends with RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_CALLS",
        default_value_t = ServerBuilder::DEFAULT_MAX_CALLS,
        value_parser = count::<usize>(1, u64::MAX)
    )]
    max_calls: usize,

    /// Sessions at a time, in which calls are kept apart; with so many, none can be made
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_SESSIONS",
        default_value_t = ServerBuilder::DEFAULT_MAX_SESSIONS,
        value_parser = count::<usize>(1, u64::MAX)
    )]
    max_sessions: usize,

    /// Size of one request's headers, at least 1 KiB; larger ones get HTTP 431
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_HEADER_SIZE",
        default_value_t = Limits::DEFAULT_MAX_HEADER_LIST_SIZE.into(),
        value_parser = Size::between(Size::KIB, u32::MAX.into())
    )]
    max_header_size: Size,

    /// Size of a received message, after decompression; a larger one ends the call with RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_RECEIVE_SIZE",
        default_value_t = ServerBuilder::DEFAULT_MAX_RECEIVE_SIZE.into(),
        value_parser = Size::between(Size::bytes(1), Size::bytes(1 << 32))
    )]
    max_receive_size: Size,

    /// Size of a sent message, before compression; a larger one ends the call with RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_SEND_SIZE",
        default_value_t = Size::bytes(1 << 32),
        value_parser = Size::between(Size::bytes(1), Size::bytes(1 << 32))
    )]
    max_send_size: Size,

    /// What a call's expressions may cost until other calls have their turn, and what the validation of a message may cost;
    /// more end the call with RESOURCE_EXHAUSTED. A unit is a small part of an expression in one round of a loop, some 20 ns
    #[arg(
        long,
        value_name = "UNITS",
        env = "PROTOD_MAX_EXPRESSION_COST",
        default_value_t = RulesOptions::DEFAULT_MAX_EXPRESSION_COST,
        value_parser = count::<u64>(1, u64::MAX)
    )]
    pub(crate) max_expression_cost: u64,

    /// Values in one received message, each element of a list counted; more end the call with RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_ELEMENTS",
        default_value_t = ServerBuilder::DEFAULT_MAX_ELEMENTS,
        value_parser = count::<u32>(1, u32::MAX.into())
    )]
    max_elements: u32,

    /// Nesting of a received message, at most 100; a deeper one ends the call with RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_DEPTH",
        default_value_t = ServerBuilder::DEFAULT_MAX_DEPTH,
        value_parser = count::<u32>(1, u64::from(ServerBuilder::DEFAULT_MAX_DEPTH))
    )]
    max_depth: u32,

    /// Memory of one call: messages that are incomplete, decompressed, or kept by its rule; more ends it with
    /// RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_CALL_MEMORY",
        default_value_t = ServerBuilder::DEFAULT_MAX_CALL_MEMORY.into(),
        value_parser = Size::between(Size::KIB, Size::bytes(u64::MAX))
    )]
    max_call_memory: Size,

    /// Memory of all messages of more than 64 KiB together, one half for requests and one for responses; more wait, for up
    /// to ten seconds, and then end their calls with RESOURCE_EXHAUSTED
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_MESSAGE_MEMORY",
        default_value_t = ServerBuilder::DEFAULT_MAX_MESSAGE_MEMORY.into(),
        value_parser = Size::between(Size::KIB, Size::bytes(u64::MAX))
    )]
    max_message_memory: Size,

    /// The longest deadline of a call, whatever its client asks for, or `none`; then it ends with DEADLINE_EXCEEDED
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_MAX_DEADLINE",
        default_value_t = OptionalTime(None),
        value_parser = OptionalTime::parse_positive
    )]
    max_deadline: OptionalTime,

    /// The deadline of a call whose client sets none, or `none`; then it ends with DEADLINE_EXCEEDED
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_DEFAULT_DEADLINE",
        default_value_t = OptionalTime(None),
        value_parser = OptionalTime::parse_positive
    )]
    default_deadline: OptionalTime,

    /// Time for the TLS handshake and the first bytes of HTTP/2 together; then the connection is closed
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_HANDSHAKE_TIMEOUT",
        default_value_t = Time(Limits::DEFAULT_HANDSHAKE_TIMEOUT),
        value_parser = Time::parse_positive
    )]
    handshake_timeout: Time,

    /// Time that a connection may be without a stream, or `none`; then it gets GOAWAY
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_IDLE_TIMEOUT",
        default_value_t = OptionalTime(Limits::DEFAULT_IDLE_TIMEOUT),
        value_parser = OptionalTime::parse_positive
    )]
    idle_timeout: OptionalTime,

    /// Time that a client may send nothing before it is pinged, or `none`
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_KEEPALIVE_INTERVAL",
        default_value_t = OptionalTime(Limits::DEFAULT_KEEPALIVE_INTERVAL),
        value_parser = OptionalTime::parse_positive
    )]
    keepalive_interval: OptionalTime,

    /// Time that a client has to answer a ping; then the connection is closed
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_KEEPALIVE_TIMEOUT",
        default_value_t = Time(Limits::DEFAULT_KEEPALIVE_TIMEOUT),
        value_parser = Time::parse_positive
    )]
    keepalive_timeout: Time,

    /// Time that a connection accepts new streams, plus or minus a tenth, or `none`; then it gets GOAWAY
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_MAX_CONNECTION_AGE",
        default_value_t = OptionalTime(Limits::DEFAULT_MAX_CONNECTION_AGE),
        value_parser = OptionalTime::parse_positive
    )]
    max_connection_age: OptionalTime,

    /// Time that its last streams have after that, or `none`; then the connection is closed
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_MAX_CONNECTION_AGE_GRACE",
        default_value_t = OptionalTime(Limits::DEFAULT_MAX_CONNECTION_AGE_GRACE),
        value_parser = OptionalTime::parse
    )]
    max_connection_age_grace: OptionalTime,

    /// Time that open calls have after SIGINT or SIGTERM; then they end with UNAVAILABLE
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_DRAIN_TIMEOUT",
        default_value_t = Time(ServerBuilder::DEFAULT_DRAIN_TIMEOUT),
        value_parser = Time::parse
    )]
    drain_timeout: Time,

    /// Pings and similar frames that a client may send in a row, besides one a second, while nothing is sent to it;
    /// then it gets GOAWAY with ENHANCE_YOUR_CALM
    #[arg(long, value_name = "N", env = "PROTOD_MAX_PINGS", default_value_t = Limits::DEFAULT_MAX_PINGS,
        value_parser = count::<u32>(1, u32::MAX.into())
    )]
    max_pings: u32,

    /// Streams that a client may reset before the server has seen them; then it gets GOAWAY with ENHANCE_YOUR_CALM
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_PENDING_RESETS",
        default_value_t = Limits::DEFAULT_MAX_PENDING_RESETS,
        value_parser = count::<usize>(1, u64::MAX)
    )]
    max_pending_resets: usize,

    /// Streams that the server may reset for a client's errors; then it gets GOAWAY with ENHANCE_YOUR_CALM
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_MAX_ERROR_RESETS",
        default_value_t = Limits::DEFAULT_MAX_ERROR_RESETS,
        value_parser = count::<usize>(1, u64::MAX)
    )]
    max_error_resets: usize,

    /// Bytes that a client may send on a stream before they are read; then the client waits
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_STREAM_WINDOW",
        default_value_t = Limits::DEFAULT_STREAM_WINDOW.into(),
        value_parser = Size::between(Size::KIB, LARGEST_WINDOW)
    )]
    stream_window: Size,

    /// The same for all streams of a connection together
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_CONNECTION_WINDOW",
        default_value_t = Limits::DEFAULT_CONNECTION_WINDOW.into(),
        value_parser = Size::between(Size::KIB, LARGEST_WINDOW)
    )]
    connection_window: Size,

    /// Size of a frame that a client may send, from 16 KiB to a byte less than 16 MiB; a larger one is a FRAME_SIZE_ERROR
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_FRAME_SIZE",
        default_value_t = Limits::DEFAULT_MAX_FRAME_SIZE.into(),
        value_parser = Size::between(Size::bytes(1 << 14), Size::bytes((1 << 24) - 1))
    )]
    max_frame_size: Size,

    /// Bytes that may wait for a slow reader on a stream; then the handler waits
    #[arg(
        long,
        value_name = "SIZE",
        env = "PROTOD_MAX_SEND_BUFFER",
        default_value_t = Limits::DEFAULT_MAX_SEND_BUFFER.into(),
        value_parser = Size::between(Size::KIB, u32::MAX.into())
    )]
    max_send_buffer: Size,
}

impl LimitArgs {
    /// Sets the limits of a server.
    pub(crate) fn apply(&self, server: ServerBuilder) -> ServerBuilder {
        let mut server = server
            .limits(self.of_connections())
            .max_calls(self.max_calls)
            .max_sessions(self.max_sessions)
            .max_receive_size(self.max_receive_size.as_usize())
            .max_send_size(self.max_send_size.as_u32() as usize)
            .max_elements(self.max_elements)
            .max_depth(self.max_depth)
            .max_call_memory(self.max_call_memory.as_usize())
            .max_message_memory(self.max_message_memory.as_usize())
            .max_validation_cost(self.max_expression_cost)
            .drain_timeout(self.drain_timeout.0);
        if let Some(time) = self.max_deadline.0 {
            server = server.max_deadline(time);
        }
        if let Some(time) = self.default_deadline.0 {
            server = server.default_deadline(time);
        }
        server
    }

    fn of_connections(&self) -> Limits {
        Limits::default()
            .max_connections(self.max_connections)
            .max_concurrent_streams(self.max_concurrent_streams)
            .max_header_list_size(self.max_header_size.as_u32())
            .stream_window(self.stream_window.as_u32())
            .connection_window(self.connection_window.as_u32())
            .max_frame_size(self.max_frame_size.as_u32())
            .max_send_buffer(self.max_send_buffer.as_u32())
            .handshake_timeout(self.handshake_timeout.0)
            .idle_timeout(self.idle_timeout.0)
            .keepalive_interval(self.keepalive_interval.0)
            .keepalive_timeout(self.keepalive_timeout.0)
            .max_connection_age(self.max_connection_age.0)
            .max_connection_age_grace(self.max_connection_age_grace.0)
            .max_pings(self.max_pings)
            .max_pending_resets(self.max_pending_resets)
            .max_error_resets(self.max_error_resets)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use protod::{Schema, Server};

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        limits: LimitArgs,
    }

    /// The builder shows all its limits in its `Debug`, and nothing else differs.
    #[test]
    fn the_defaults_of_the_flags_are_those_of_the_library() {
        let flags = Flags::try_parse_from(["protod"]).expect("each flag has a default");
        let server = || {
            let source = r#"syntax = "proto3"; message M {}"#;
            Server::builder(Schema::from_source("m.proto", source).expect("it compiles"))
        };
        assert_eq!(
            format!("{:#?}", flags.limits.apply(server())),
            format!("{:#?}", server())
        );
    }
}
