//! The protocol of calls, as flags.

use clap::{Args, ValueEnum};
use protod::Error;
use protod::client::{ClientBuilder, ClientMethod, Codec, HttpVersion, Protocol};

/// How calls look on the wire.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProtocolArguments {
    /// The protocol of calls; the protos are asked for by gRPC in any case, unless --proto gives them
    #[arg(long, value_enum, env = "PROTOD_PROTOCOL", default_value_t = ProtocolName::Grpc)]
    protocol: ProtocolName,

    /// How messages look on the wire; --format is how they are read and printed
    #[arg(long, value_enum, env = "PROTOD_CODEC", default_value_t = CodecName::Proto)]
    codec: CodecName,

    /// The version of HTTP [default: the newest that the server speaks]
    #[arg(long, value_name = "VERSION", value_enum, env = "PROTOD_HTTP_VERSION")]
    http_version: Option<HttpVersionName>,

    /// Call by GET, with the request in the address: for methods of Connect whose proto says idempotency_level = NO_SIDE_EFFECTS
    #[arg(long, env = "PROTOD_HTTP_GET")]
    http_get: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProtocolName {
    /// gRPC, which needs HTTP/2
    Grpc,
    /// gRPC-Web, as browsers speak it
    GrpcWeb,
    /// gRPC-Web in base64
    GrpcWebText,
    /// Connect: one message each way is plain HTTP
    Connect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CodecName {
    /// Protobuf's binary encoding
    Proto,
    /// ProtoJSON
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HttpVersionName {
    /// HTTP/1.1
    #[value(name = "1.1")]
    Http1,
    /// HTTP/2, without TLS by prior knowledge
    #[value(name = "2")]
    Http2,
}

impl ProtocolArguments {
    /// A client that speaks so.
    pub(crate) fn client(&self, client: ClientBuilder) -> ClientBuilder {
        let client = client
            .protocol(match self.protocol {
                ProtocolName::Grpc => Protocol::Grpc,
                ProtocolName::GrpcWeb => Protocol::GrpcWeb,
                ProtocolName::GrpcWebText => Protocol::GrpcWebText,
                ProtocolName::Connect => Protocol::Connect,
            })
            .codec(match self.codec {
                CodecName::Proto => Codec::Proto,
                CodecName::Json => Codec::Json,
            });
        match self.http_version {
            None => client,
            Some(HttpVersionName::Http1) => client.http_version(HttpVersion::Http1),
            Some(HttpVersionName::Http2) => client.http_version(HttpVersion::Http2),
        }
    }

    /// A method that is called so.
    pub(crate) fn method(&self, method: ClientMethod) -> Result<ClientMethod, Error> {
        if self.http_get {
            method.http_get()
        } else {
            Ok(method)
        }
    }
}
