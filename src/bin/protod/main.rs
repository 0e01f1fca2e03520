//! The `protod` binary: parses the arguments, runs a subcommand, and maps how it went to an exit code.
//!
//! It uses the library's public API only. stdout carries data; stderr carries logs and messages.

mod arguments;
mod cli;
mod commands;
mod environment;
mod failure;
mod output;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use self::cli::Cli;
use self::output::report::report;
use self::output::stderr;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    let cli: Cli = environment::parse(&line).unwrap_or_else(|error| error.exit());
    let code = cli.run().unwrap_or_else(|failure| {
        report(&failure);
        ExitCode::FAILURE
    });
    stderr::finish();
    code
}
