//! The command line: one file a subcommand.
//!
//! stdout carries data, stderr carries logs and messages. Every flag has an environment twin, `PROTOD_…`. Exit
//! codes: 0 done or drained, 1 failed, 2 usage; `call` exits with 64 + the gRPC code.

mod banner;
mod bench;
mod call;
mod check;
mod describe;
mod explain;
mod header;
mod init;
mod inputs;
mod json;
mod limits;
mod list;
mod logging;
mod manual;
mod report;
mod schema;
mod serve;
mod source;
mod stderr;
mod stdout;
mod target;
mod template;
mod tls;

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
    Serve(Box<serve::Serve>),
    /// Load protos and rules, and print every problem
    Check(check::Check),
    /// Tell for each rule of a method whether it would answer a call
    Explain(explain::Explain),
    /// Call a method of a server
    Call(call::Call),
    /// Call a method many times, and tell how long the calls took
    Bench(Box<bench::Bench>),
    /// List the services of a server or of protos, or the methods of a service
    List(list::List),
    /// Print services, methods, messages and other symbols as proto text
    Describe(describe::Describe),
    /// Write a proto with its rules to begin with, or rules for a proto that there is
    Init(init::Init),
    /// Print the JSON Schema of rules files, for editors
    Schema(schema::Schema),
    /// Print the manual page, or that of a subcommand
    Man(manual::Man),
    /// Print a shell's completions
    Completions(manual::Completions),
}

impl Cli {
    /// Runs the subcommand; errors are printed on stderr.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(serve) => serve.run().map(|()| ExitCode::SUCCESS),
            Command::Check(check) => check.run().map(|()| ExitCode::SUCCESS),
            Command::Explain(explain) => explain.run().map(|()| ExitCode::SUCCESS),
            Command::Call(call) => call.run(),
            Command::Bench(bench) => bench.run(),
            Command::List(list) => list.run().map(|()| ExitCode::SUCCESS),
            Command::Describe(describe) => describe.run().map(|()| ExitCode::SUCCESS),
            Command::Init(init) => init.run().map(|()| ExitCode::SUCCESS),
            Command::Schema(schema) => schema.run().map(|()| ExitCode::SUCCESS),
            Command::Man(man) => man.run().map(|()| ExitCode::SUCCESS),
            Command::Completions(completions) => completions.run().map(|()| ExitCode::SUCCESS),
        };
        match done {
            Ok(code) => code,
            Err(error) => {
                report::print_error(&error);
                ExitCode::FAILURE
            }
        }
    }
}
