//! Tests of the definition of the command line, and of what no other process can see.
//!
//! They need the definition itself, which no integration test can reach. Tests that run the binary are in tests/.

mod banner;
mod page;
mod panics;
mod queue;
mod usage;

use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// The command line with the arguments of all subcommands.
fn definition() -> Command {
    let mut root = <Cli>::command();
    root.build();
    root
}
