//! Logs on stderr, as text or JSON.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How and what to log.
#[derive(Debug, Clone, Args)]
pub(super) struct Logging {
    /// How log lines are written
    #[arg(long, value_enum, env = "PROTOD_LOG_FORMAT", default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,

    /// What is logged: error, warn, info, debug, trace, or off; also per module, as in `info,protod=debug`
    #[arg(long, value_name = "LEVEL", env = "PROTOD_LOG", default_value = "info")]
    log: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// A time, a level and a text
    Text,
    /// One JSON object a line
    Json,
}

impl Logging {
    /// Installs the log for the whole process.
    pub(super) fn install(&self) {
        let filter = EnvFilter::builder().parse_lossy(&self.log);
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            // Told of on stderr, by `eprintln!`, which panics where nobody reads it.
            .log_internal_errors(false)
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal() && !no_colour);
        match self.log_format {
            LogFormat::Text => builder.init(),
            LogFormat::Json => builder.json().init(),
        }
    }
}
