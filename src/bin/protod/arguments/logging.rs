//! Logs on stderr, as text or JSON.
//!
//! The filter is checked when the arguments are parsed: a misspelt level is wrong usage.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::env;
use std::ffi::{OsStr, OsString};
use std::panic::{self, PanicHookInfo};

use clap::{Args, ValueEnum};
use protod::ServerBuilder;
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::output::call_lines::{write_json, write_text};
use crate::output::colour;
use crate::output::log_fields::LogFields;
use crate::output::log_time::LogTime;
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
    log: Targets,

    /// Log each call when it has ended: its method, rule, code, error, time, client, messages and bytes
    #[arg(long, env = "PROTOD_LOG_CALLS")]
    log_calls: bool,
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
            .with_max_level(LevelFilter::TRACE)
            .with_writer(|| Stderr)
            .with_timer(LogTime)
            // They would be printed by `eprintln!`, which panics or waits if nobody reads stderr.
            .log_internal_errors(false)
            .with_target(false)
            .with_ansi(colour::is_wanted());
        match self.log_format {
            LogFormat::Text => builder
                .fmt_fields(LogFields)
                .finish()
                .with(self.log.clone())
                .init(),
            LogFormat::Json => builder
                .json()
                .flatten_event(true)
                .finish()
                .with(self.log.clone())
                .init(),
        }
        panic::set_hook(Box::new(log_panic));
    }

    /// Has the server log its calls, if that is wanted.
    pub(crate) fn log_calls(&self, server: ServerBuilder) -> ServerBuilder {
        let server = server.log_calls(self.log_calls);
        if !self.log_calls || !self.log.would_enable("protod::call", &Level::INFO) {
            return server;
        }
        match self.log_format {
            LogFormat::Json => server.write_calls(write_json),
            LogFormat::Text if !colour::is_wanted() => server.write_calls(write_text),
            // A person reads it, who reads no thousands of lines a second.
            LogFormat::Text => server,
        }
    }
}

/// Whether the log of a command line is JSON, as far as can be told of one that is wrong.
pub(crate) fn is_json(line: &[OsString]) -> bool {
    if line.get(1).is_none_or(|command| command != "serve") {
        return false;
    }
    let flags = line
        .windows(2)
        .filter(|pair| pair[0] == "--log-format")
        .map(|pair| pair[1].as_os_str());
    let joined = line
        .iter()
        .filter_map(|flag| flag.to_str()?.strip_prefix("--log-format="))
        .map(OsStr::new);
    match flags.chain(joined).last() {
        Some(format) => format == "json",
        None => env::var_os("PROTOD_LOG_FORMAT").is_some_and(|format| format == "json"),
    }
}

/// Logs a panic. The hook that Rust installs writes to stderr itself, and waits for its reader.
pub(crate) fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    // Empty, unless RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(%backtrace, "panicked at {place}: {message}");
    } else {
        tracing::error!("panicked at {place}: {message}");
    }
}

/// Reads levels, for all or per module.
///
/// A single word has to be a level. tracing would also take it for a module that logs everything while no other does, and
/// a misspelt level would silently turn the log off.
fn parse_filter(text: &str) -> Result<Targets, String> {
    let directives = text.split(',').map(str::trim);
    let directives: Vec<&str> = directives.filter(|directive| !directive.is_empty()).collect();
    for directive in &directives {
        let (module, level) = directive.split_once('=').unwrap_or(("protod", directive));
        let is_right = is_module(module) && level.parse::<LevelFilter>().is_ok();
        if !is_right {
            return Err(format!(
                "`{directive}` is neither a level nor a module with one: levels are off, error, warn, info, debug and \
                 trace, and `info,protod=debug` is info for all but protod"
            ));
        }
    }
    let filter = directives.join(",").parse::<Targets>();
    let filter = filter.map_err(|error| error.to_string())?;
    let others = filter.default_level().unwrap_or(LevelFilter::OFF);
    let is_debug = others >= LevelFilter::DEBUG;
    // Below debug, what the crates that watch files and speak to a broker tell of those that are gone is their own affair: protod says
    // so itself. At trace the first logs each write. Where the log is a file in a watched folder, each of its lines would
    // cause the next.
    let [of_files, of_brokers] = if is_debug {
        [LevelFilter::DEBUG, others]
    } else {
        [others.min(LevelFilter::ERROR), LevelFilter::OFF]
    };
    let of_crates = [("notify", of_files), ("async_nats", of_brokers)];
    let of_crates = of_crates
        .into_iter()
        .filter(|(name, _)| !directives.iter().any(|directive| directive.starts_with(name)));
    Ok(of_crates.fold(filter, |filter, (name, most)| filter.with_target(name, most)))
}

/// Whether this can be the path of a module of Rust, or the start of one.
fn is_module(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-');
    !text.is_empty() && text.chars().all(is_part)
}
