//! The command line: one file a subcommand.
//!
//! stdout carries data, stderr carries logs and messages. Every flag has an environment twin, `PROTOD_…`. Exit
//! codes: 0 done or drained, 1 failed, 2 usage.

mod banner;
mod check;
mod inputs;
mod logging;
mod report;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A gRPC server that nobody compiles for: reads .proto text when it starts, and answers from rules.
#[derive(Debug, Parser)]
#[command(
    name = "protod",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve protos, answered by rules
    Serve(serve::Serve),
    /// Load protos and rules, and print every problem
    Check(check::Check),
}

impl Cli {
    /// Runs the subcommand; errors are printed on stderr.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(serve) => serve.run(),
            Command::Check(check) => check.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report::print_error(&error);
                ExitCode::FAILURE
            }
        }
    }
}
