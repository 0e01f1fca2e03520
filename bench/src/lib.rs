//! What the bench and its twin share: the messages and services compiled by tonic-prost-build.
//!
//! The twin serves them; the bench encodes its requests and its expected answers with the same types, so an answer
//! is checked against an encoder that is not protod's. And how all servers of the bench log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::FromEnvError;

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

pub mod language;

/// Logs to stderr as protod does: from info on, unless `RUST_LOG` says otherwise.
///
/// Fails if that makes no sense.
pub fn log_to_stderr() -> Result<(), FromEnvError> {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}
