//! The protocols that a client can speak, and what of them can be chosen.

use crate::protocol::{Codec as WireCodec, Form, Protocol as WireProtocol};
use crate::schema::Method;

/// How the calls of a client look on the wire.
///
/// | | HTTP | streams of requests |
/// |---|---|---|
/// | [`Grpc`](Self::Grpc) | 2 | yes |
/// | [`GrpcWeb`](Self::GrpcWeb), [`GrpcWebText`](Self::GrpcWebText) | 1.1 or 2 | yes, though not all servers take them |
/// | [`Connect`](Self::Connect) | 1.1 or 2 | yes |
///
/// Over HTTP/1.1 most servers answer a stream of requests only when it has ended.
///
/// A client is told which by [`ClientBuilder::protocol`](super::ClientBuilder::protocol).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC.
    #[default]
    Grpc,
    /// gRPC-Web, as browsers speak it.
    GrpcWeb,
    /// gRPC-Web with bodies in base64, for what lets text through only.
    GrpcWebText,
    /// Connect: calls of one message each way are plain HTTP.
    Connect,
}

/// How the messages of a client look on the wire: see [`ClientBuilder::codec`](super::ClientBuilder::codec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Codec {
    /// Protobuf's binary encoding.
    #[default]
    Proto,
    /// ProtoJSON. Not all servers take it.
    Json,
}

/// A version of HTTP: see [`ClientBuilder::http_version`](super::ClientBuilder::http_version).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// HTTP/1.1: a connection carries one call at a time.
    Http1,
    /// HTTP/2, without TLS by prior knowledge: a connection carries many calls.
    Http2,
}

impl Protocol {
    /// The protocol's name, as its specification writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Grpc => "gRPC",
            Self::GrpcWeb | Self::GrpcWebText => "gRPC-Web",
            Self::Connect => "Connect",
        }
    }

    /// How the calls of a method look on the wire.
    pub(super) fn form(self, codec: Codec, method: &Method) -> Form {
        let has_streams = method.is_client_streaming() || method.is_server_streaming();
        Form {
            protocol: match self {
                Self::Grpc => WireProtocol::Grpc,
                Self::GrpcWeb => WireProtocol::GrpcWeb,
                Self::GrpcWebText => WireProtocol::GrpcWebText,
                Self::Connect if has_streams => WireProtocol::ConnectStream,
                Self::Connect => WireProtocol::ConnectUnary,
            },
            codec: match codec {
                Codec::Proto => WireCodec::Proto,
                Codec::Json => WireCodec::Json,
            },
        }
    }
}

impl HttpVersion {
    /// The version's name in ALPN, by which TLS agrees on one.
    pub(super) fn alpn(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::Http2 => "h2",
        }
    }
}
