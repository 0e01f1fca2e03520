//! `protod rollback`: has all servers that share a store serve a generation that they served before.

use clap::Args;

use super::publish::PublishArgs;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;

const EXAMPLES: &str = "Examples:
  # To what was served before the last `protod publish`; once more goes further back
  protod rollback --store nats://localhost:4222
  # To one of those that `protod fleet --history` lists
  protod rollback 5f2a91c0 --store nats://localhost:4222";

/// Go back to protos and rules that were published before.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("store", |store| store.required(true)))]
pub(crate) struct Rollback {
    /// The generation to go back to, by the beginning of its id [default: the one that was served before the current one]
    #[arg(value_name = "GENERATION")]
    generation: Option<String>,

    #[command(flatten)]
    how: PublishArgs,
}

impl Rollback {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let fleet = self.how.fleet()?;
        let back = fleet.rollback(self.generation.as_deref(), self.how.options());
        let publication = client_runtime()?.block_on(back)?;
        self.how.tell(&publication)
    }
}
