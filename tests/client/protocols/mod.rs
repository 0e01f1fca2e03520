//! The protocols beside gRPC in protobuf: what is true of one is true of all, with either codec and over either HTTP.

mod answers;
mod calls;
mod commands;
mod connections;

use protod::client::{ClientBuilder, Codec, HttpVersion, Protocol};
use protod::{Client, ServerBuilder};

use crate::servers::{schema, serve};

/// How a client speaks.
#[derive(Debug, Clone, Copy)]
struct Way {
    protocol: Protocol,
    codec: Codec,
    http_version: HttpVersion,
}

/// Every way to speak.
fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for protocol in [
        Protocol::Grpc,
        Protocol::GrpcWeb,
        Protocol::GrpcWebText,
        Protocol::Connect,
    ] {
        for codec in [Codec::Proto, Codec::Json] {
            for http_version in [HttpVersion::Http1, HttpVersion::Http2] {
                if protocol != Protocol::Grpc || http_version == HttpVersion::Http2 {
                    ways.push(Way {
                        protocol,
                        codec,
                        http_version,
                    });
                }
            }
        }
    }
    ways
}

impl Way {
    /// A builder that knows the protos.
    fn builder(self, address: &str) -> ClientBuilder {
        Client::builder(address)
            .schema(schema())
            .protocol(self.protocol)
            .codec(self.codec)
            .http_version(self.http_version)
    }

    async fn client(self, address: &str) -> Client {
        let connected = self.builder(address).connect().await;
        connected.unwrap_or_else(|error| panic!("{self:?}: {error:?}"))
    }
}

/// A client of the server for each way.
async fn clients(server: ServerBuilder) -> Vec<(Way, Client)> {
    let address = serve(server).await;
    let mut clients = Vec::new();
    for way in ways() {
        clients.push((way, way.client(&address).await));
    }
    clients
}
