//! `protod check`: loads all of it, and serves none of it.

#![expect(clippy::print_stdout, reason = "the result of a check is data")]

use clap::Args;

use super::banner::summary;
use super::inputs::Inputs;
use crate::{Error, RulesOptions};

/// Load protos and rules, print every problem, and exit 1 if there is one.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    inputs: Inputs,
}

impl Check {
    pub(super) fn run(&self) -> Result<(), Error> {
        let schema = self.inputs.schema()?;
        let rules = self.inputs.rules(&schema, &RulesOptions::default())?;
        println!("ok: {}", summary(&schema, &rules));
        Ok(())
    }
}
