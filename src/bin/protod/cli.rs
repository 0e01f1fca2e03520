//! The definition of the command line, and which command runs what.
//!
//! Every flag has an environment twin, `PROTOD_…`. Exit codes: 0 done or drained, 1 failed, 2 usage; `call` exits with
//! 64 + the gRPC code, and a server that a second signal ended with 128 + the signal.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::{
    bench, build, call, calls, check, collections, describe, end, explain, export, fleet, import, init, list,
    manual, publish, push, reset, rollback, rules, schema, serve, sessions, signal, verify, wait,
};
use crate::deferred::{AsDeclared, Deferred, Definition};
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
pub(crate) struct Cli<D: Definition = AsDeclared> {
    #[command(subcommand)]
    command: Command<D>,
}

#[derive(Debug, Subcommand)]
enum Command<D: Definition> {
    /// Serve protos, and answer from rules
    Serve(Deferred<Box<serve::Serve>, D>),
    /// Load protos and rules, and print every problem
    Check(Deferred<check::Check, D>),
    /// Explain for each rule of a method whether it would answer a call
    Explain(Deferred<explain::Explain, D>),
    /// Call a method of a server
    Call(Deferred<call::Call, D>),
    /// Call a method many times and report rates and latencies
    Bench(Deferred<Box<bench::Bench>, D>),
    /// List the services of a server or of protos, or the methods of a service
    List(Deferred<list::List, D>),
    /// Print services, methods, messages and other symbols as proto text
    Describe(Deferred<describe::Describe, D>),
    /// Wait until a server is ready, and what was saved is live
    Wait(Deferred<wait::Wait, D>),
    /// List the calls of a running server, or of a fleet
    Calls(Deferred<calls::Calls, D>),
    /// Send messages into calls in flight of a running server
    Push(Deferred<push::Push, D>),
    /// Raise a signal in the sessions of a running server
    Signal(Deferred<signal::Signal, D>),
    /// End calls in flight of a running server
    End(Deferred<end::End, D>),
    /// Verify which calls have come to a running server
    Verify(Deferred<verify::Verify, D>),
    /// Look at the rules of a running server, put rules in front of them, and delete those
    Rules(Deferred<rules::Rules, D>),
    /// Make a running server forget what calls have left behind
    Reset(Deferred<reset::Reset, D>),
    /// Make, list and end sessions, in which calls are kept apart
    Sessions(Deferred<sessions::Sessions, D>),
    /// List the collections of a running server, show what is in them, and clear them
    Collections(Deferred<collections::Collections, D>),
    /// Write a collection to a file: of a running server, or of the folder where one keeps its collections
    Export(Deferred<export::Export, D>),
    /// Add the messages of a file to a collection of a running server
    Import(Deferred<import::Import, D>),
    /// Publish protos and rules to all servers that share a store
    Publish(Deferred<publish::Publish, D>),
    /// Go back to protos and rules that were published before
    Rollback(Deferred<rollback::Rollback, D>),
    /// List the servers that share a store, and what they serve
    Fleet(Deferred<fleet::ListFleet, D>),
    /// Write protos as a descriptor set, for other programs
    Build(Deferred<build::Build, D>),
    /// Write a starter proto with its rules, or rules for an existing proto
    Init(Deferred<init::Init, D>),
    /// Print the JSON Schema of rules files, for editors
    Schema(Deferred<schema::Schema, D>),
    /// Print the manual page, or that of a subcommand
    Man(Deferred<manual::Man, D>),
    /// Print a shell's completions
    Completions(Deferred<manual::Completions, D>),
}

impl<D: Definition> Cli<D> {
    /// Runs the subcommand.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Call(call) => return call.arguments.run(),
            Command::Bench(bench) => return bench.arguments.run(),
            Command::Serve(serve) => return serve.arguments.run(),
            Command::Check(check) => check.arguments.run()?,
            Command::Explain(explain) => explain.arguments.run()?,
            Command::List(list) => list.arguments.run()?,
            Command::Describe(describe) => describe.arguments.run()?,
            Command::Wait(wait) => wait.arguments.run()?,
            Command::Calls(calls) => calls.arguments.run()?,
            Command::Push(push) => push.arguments.run()?,
            Command::Signal(signal) => signal.arguments.run()?,
            Command::End(end) => end.arguments.run()?,
            Command::Verify(verify) => verify.arguments.run()?,
            Command::Rules(rules) => rules.arguments.run()?,
            Command::Reset(reset) => reset.arguments.run()?,
            Command::Sessions(sessions) => sessions.arguments.run()?,
            Command::Collections(collections) => collections.arguments.run()?,
            Command::Export(export) => export.arguments.run()?,
            Command::Import(import) => import.arguments.run()?,
            Command::Publish(publish) => publish.arguments.run()?,
            Command::Rollback(rollback) => rollback.arguments.run()?,
            Command::Fleet(fleet) => fleet.arguments.run()?,
            Command::Build(build) => build.arguments.run()?,
            Command::Init(init) => init.arguments.run()?,
            Command::Schema(schema) => schema.arguments.run()?,
            Command::Man(man) => man.arguments.run(Cli::<AsDeclared>::command())?,
            Command::Completions(completions) => completions.arguments.run(Cli::<AsDeclared>::command())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
