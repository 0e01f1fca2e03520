//! `protod check`: loads protos and rules, and serves nothing.
//!
//! It loads exactly what `serve` would load, so a check that passes in CI means that the server starts. Warnings are about
//! what is not wrong, and hardly meant.

use clap::Args;
use protod::RulesOptions;

use crate::arguments::http_rules::HttpRulesArg;
use crate::arguments::inputs::Inputs;
use crate::arguments::validation::{NO_RULES, ValidateArg};
use crate::failure::Failure;
use crate::output::report::{warn, warning_count};
use crate::output::stderr::say_line;
use crate::output::stdout;
use crate::output::summary::summary;

const EXAMPLES: &str = "Examples:
  protod check api --rules mocks
  protod check api --strict
  # Every proto compiled anew
  protod check api --no-cache";

/// Load protos and rules, print every problem, and exit with 1 if there is one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    #[command(flatten)]
    inputs: Inputs,

    #[command(flatten)]
    http_rules: HttpRulesArg,

    #[command(flatten)]
    validate: ValidateArg,

    /// Exit with 1 also if there are warnings
    #[arg(long, env = "PROTOD_STRICT")]
    strict: bool,
}

impl Check {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let schema = self.inputs.schema()?;
        let rules = self
            .inputs
            .rules(&schema, &RulesOptions::default().validates(self.validate.is_on()))?;
        let of_protos = schema.warnings();
        let of_rules = rules.warnings();
        let http_rules = self.http_rules.load(&schema)?;
        let of_http = http_rules.warnings();
        warn(of_protos.iter().chain(of_rules).chain(&of_http));
        let mut count = of_protos.len() + of_rules.len() + of_http.len();
        if self.validate.finds_no_rules(&schema)? {
            let (text, hint) = NO_RULES;
            say_line(format_args!("warning: {text}\nhint: {hint}"));
            count += 1;
        }
        if self.strict && count > 0 {
            return Err(Failure::new(format!(
                "{}, and --strict allows none",
                warning_count(count)
            )));
        }
        stdout::print(&format!("ok: {}\n", summary(&schema, &rules, &http_rules)))
    }
}
