//! `protod check`: loads protos and rules, and serves nothing.
//!
//! It loads exactly what `serve` would load, so a check that passes in CI means that the server starts. Warnings are about
//! what is not wrong, and hardly meant.

use clap::Args;
use protod::RulesOptions;

use crate::arguments::inputs::Inputs;
use crate::arguments::validation::ValidateArg;
use crate::failure::Failure;
use crate::output::report::{warn, warning_count};
use crate::output::stdout;
use crate::output::summary::summary;

const EXAMPLES: &str = "Examples:
  protod check api --rules mocks
  protod check api --strict";

/// Load protos and rules, print every problem, and exit with 1 if there is one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    #[command(flatten)]
    inputs: Inputs,

    #[command(flatten)]
    validate: ValidateArg,

    /// Exit with 1 also if there are warnings
    #[arg(long, env = "PROTOD_STRICT")]
    strict: bool,
}

impl Check {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let schema = self.inputs.schema()?;
        let rules = self.inputs.rules(&schema, &RulesOptions::default())?;
        self.validate.validator(&schema)?;
        let warnings = rules.warnings();
        warn(warnings);
        if self.strict && !warnings.is_empty() {
            return Err(Failure::new(format!(
                "{}, and --strict allows none",
                warning_count(warnings.len())
            )));
        }
        stdout::print(&format!("ok: {}\n", summary(&schema, &rules)))
    }
}
