//! The `protod` binary: parses arguments, runs a subcommand, and maps how it went to an exit code.

use std::process::ExitCode;

use clap::Parser;
use protod::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
