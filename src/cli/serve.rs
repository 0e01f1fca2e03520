//! `protod serve`: loads, binds, says so, and serves until it is told to stop.

#![expect(
    clippy::print_stderr,
    reason = "the banner is for the person who started the server"
)]

use clap::{Args, ValueEnum};

use super::banner::banner;
use super::inputs::Inputs;
use super::logging::{LogFormat, Logging};
use crate::{Error, Handlers, Sampler, Server};

/// Serve protos, answered by rules.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    inputs: Inputs,

    /// Where to listen: HOST:PORT (port 0 takes a free one) or unix:/path
    #[arg(long, env = "PROTOD_ADDR", default_value = "127.0.0.1:9002")]
    addr: String,

    /// The answer of a method that no rule names
    #[arg(long, value_enum, env = "PROTOD_UNMATCHED", default_value_t = Unmatched::Sample)]
    unmatched: Unmatched,

    /// How many messages a server stream of samples has
    #[arg(
        long,
        value_name = "N",
        env = "PROTOD_SAMPLE_STREAM_LENGTH",
        default_value_t = 3
    )]
    sample_stream_length: usize,

    /// What samples follow from: the same seed, the same samples
    #[arg(long, value_name = "N", env = "PROTOD_SEED", default_value_t = 0)]
    seed: u64,

    /// Do not answer reflection requests
    #[arg(long, env = "PROTOD_NO_REFLECTION")]
    no_reflection: bool,

    /// The largest message taken, in bytes, decompressed
    #[arg(long, value_name = "BYTES", env = "PROTOD_MAX_RECEIVE_SIZE", default_value_t = 4 * 1024 * 1024)]
    max_receive_size: usize,

    /// How long open calls may go on after SIGINT or SIGTERM, as in 10s or 2m; then they end with UNAVAILABLE
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_DRAIN_TIMEOUT",
        default_value = "10s"
    )]
    drain_timeout: humantime::Duration,

    #[command(flatten)]
    logging: Logging,
}

/// The answer of a method that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unmatched {
    /// Made up from the descriptor and the request
    Sample,
    /// UNIMPLEMENTED
    Unimplemented,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Error> {
        let (schema, rules) = self.inputs.load()?;
        let mut handlers = Handlers::new().rules(&rules);
        if self.unmatched == Unmatched::Sample {
            handlers = handlers.samples(Sampler::new(self.seed).stream_length(self.sample_stream_length));
        }
        let server = Server::builder(schema.clone())
            .handlers(handlers)
            .reflection(!self.no_reflection)
            .max_receive_size(self.max_receive_size)
            .drain_timeout(self.drain_timeout.into())
            .build()?;
        self.logging.install();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::io("cannot start the runtime", error))?;
        runtime.block_on(async {
            let bound = server.bind(&self.addr).await?;
            let addr = bound.local_addr().to_string();
            eprintln!("protod listening on {addr}");
            if self.logging.log_format == LogFormat::Text {
                eprint!("{}", banner(&addr, &schema, &rules));
            }
            bound.serve_until(stop_signal()).await
        })
    }
}

/// Resolves at SIGINT or SIGTERM.
async fn stop_signal() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "SIGINT cannot be waited for");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be waited for");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
