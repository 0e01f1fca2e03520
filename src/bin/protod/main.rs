//! The `protod` binary: parses the arguments, runs a subcommand, and maps how it went to an exit code.
//!
//! It uses the library's public API only. stdout carries data; stderr carries logs and messages.

mod allocator;
mod arguments;
mod cli;
mod commands;
mod deferred;
mod environment;
mod failure;
mod other_flags;
mod output;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use self::arguments::logging::is_json;
use self::output::report::report;
use self::output::{json, stderr};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    let code = match environment::parse(&line) {
        Ok(cli) => cli.run().unwrap_or_else(|failure| {
            report(&failure);
            failure.exit_code()
        }),
        Err(error) if error.use_stderr() && is_json(&line) => {
            json::say(
                "ERROR",
                error.to_string().trim().trim_start_matches("error: "),
                &[],
            );
            ExitCode::from(2)
        }
        Err(error) => error.exit(),
    };
    stderr::finish();
    code
}
