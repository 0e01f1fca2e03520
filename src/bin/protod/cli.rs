//! The definition of the command line, and which command runs what.
//!
//! Every flag has an environment twin, `PROTOD_…`. Exit codes: 0 done or drained, 1 failed, 2 usage; `call` exits with
//! 64 + the gRPC code, and a server that a second signal ended with 128 + the signal.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::{bench, call, check, describe, explain, init, list, manual, schema, serve};
use crate::failure::Failure;

/// A gRPC server that nobody compiles for: reads .proto text when it starts, and answers from rules.
#[derive(Debug, Parser)]
#[command(
    name = "protod",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve protos, and answer from rules
    Serve(Box<serve::Serve>),
    /// Load protos and rules, and print every problem
    Check(check::Check),
    /// Explain for each rule of a method whether it would answer a call
    Explain(explain::Explain),
    /// Call a method of a server
    Call(call::Call),
    /// Call a method many times and report rates and latencies
    Bench(Box<bench::Bench>),
    /// List the services of a server or of protos, or the methods of a service
    List(list::List),
    /// Print services, methods, messages and other symbols as proto text
    Describe(describe::Describe),
    /// Write a starter proto with its rules, or rules for an existing proto
    Init(init::Init),
    /// Print the JSON Schema of rules files, for editors
    Schema(schema::Schema),
    /// Print the manual page, or that of a subcommand
    Man(manual::Man),
    /// Print a shell's completions
    Completions(manual::Completions),
}

impl Cli {
    /// Runs the subcommand.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Call(call) => return call.run(),
            Command::Bench(bench) => return bench.run(),
            Command::Serve(serve) => return serve.run(),
            Command::Check(check) => check.run()?,
            Command::Explain(explain) => explain.run()?,
            Command::List(list) => list.run()?,
            Command::Describe(describe) => describe.run()?,
            Command::Init(init) => init.run()?,
            Command::Schema(schema) => schema.run()?,
            Command::Man(man) => man.run(Self::command())?,
            Command::Completions(completions) => completions.run(Self::command())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
