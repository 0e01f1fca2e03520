//! Logs on stderr, as text or JSON.
//!
//! The filter is checked when the arguments are parsed: a misspelt level is wrong usage. The log is installed when
//! loading has succeeded, because until then errors are printed for people.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

use crate::output::colour;
use crate::output::stderr::{self, Stderr};

/// How and what to log.
#[derive(Debug, Clone, Args)]
pub(crate) struct Logging {
    /// How log lines are written
    #[arg(long, value_enum, env = "PROTOD_LOG_FORMAT", default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// What is logged: error, warn, info, debug, trace, or off; also per module, as in `info,protod=debug`
    #[arg(
        long,
        value_name = "LEVEL",
        env = "PROTOD_LOG",
        default_value = "info",
        value_parser = parse_filter
    )]
    log: EnvFilter,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A time, a level and a text
    Text,
    /// One JSON object a line
    Json,
}

impl Logging {
    /// Installs the log for the whole process, which never waits for a reader of stderr from then on.
    pub(crate) fn install(&self) {
        stderr::never_wait();
        let builder = tracing_subscriber::fmt()
            .with_env_filter(self.log.clone())
            .with_writer(|| Stderr)
            // They would be printed by `eprintln!`, which panics or waits if nobody reads stderr.
            .log_internal_errors(false)
            .with_target(false)
            .with_ansi(colour::is_wanted());
        match self.log_format {
            LogFormat::Text => builder.init(),
            LogFormat::Json => builder.json().init(),
        }
        panic::set_hook(Box::new(log_panic));
    }
}

/// Logs a panic. The hook that Rust installs writes to stderr itself, and waits for its reader.
pub(crate) fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    // Empty, unless RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("panicked at {place}: {message}\n{backtrace}");
    } else {
        tracing::error!("panicked at {place}: {message}");
    }
}

/// Reads levels, for all or per module.
///
/// A single word has to be a level. tracing would also take it for a module that logs everything while no other does, and
/// a misspelt level would silently turn the log off.
fn parse_filter(text: &str) -> Result<EnvFilter, String> {
    let directives = text.split(',').map(str::trim);
    let directives: Vec<&str> = directives.filter(|directive| !directive.is_empty()).collect();
    for directive in &directives {
        let is_right = if directive.contains('=') {
            directive.parse::<Directive>().is_ok()
        } else {
            directive.parse::<LevelFilter>().is_ok()
        };
        if !is_right {
            return Err(format!(
                "`{directive}` is neither a level nor a module with one: levels are off, error, warn, info, debug and \
                 trace, and `info,protod=debug` is info for all but protod"
            ));
        }
    }
    let filter = EnvFilter::builder().parse(directives.join(","));
    filter.map_err(|error| error.to_string())
}
