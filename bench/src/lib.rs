//! What the bench and its twin share: the messages and services compiled by tonic-prost-build.
//!
//! The twin serves them; the bench encodes its requests and its expected answers with the same types, so an answer
//! is checked against an encoder that is not protod's.

/// Package `proto`: the repository's own services.
#[expect(missing_docs, clippy::pedantic, reason = "generated")]
pub mod proto {
    tonic::include_proto!("proto");
}

/// Package `bench`: the services of bench/proto/bench.proto.
#[expect(missing_docs, clippy::pedantic, reason = "generated")]
pub mod bench {
    tonic::include_proto!("bench");
}
