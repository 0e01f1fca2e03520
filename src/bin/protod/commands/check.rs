//! `protod check`: loads protos and rules, and serves nothing.
//!
//! It loads exactly what `serve` would load, so a check that passes in CI means that the server starts.

use clap::Args;
use protod::RulesOptions;

use crate::arguments::inputs::Inputs;
use crate::failure::Failure;
use crate::output::stdout;
use crate::output::summary::summary;

const EXAMPLES: &str = "Examples:
  protod check api --rules mocks";

/// Load protos and rules, print every problem, and exit with 1 if there is one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    #[command(flatten)]
    inputs: Inputs,
}

impl Check {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let schema = self.inputs.schema()?;
        let rules = self.inputs.rules(&schema, &RulesOptions::default())?;
        stdout::print(&format!("ok: {}\n", summary(&schema, &rules)))
    }
}
