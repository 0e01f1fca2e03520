//! `protod schema`: the JSON Schema of rules files, for editors.
//!
//! The schema is the library's; here it is only printed.

use clap::Args;
use protod::rules::JSON_SCHEMA;

use crate::failure::Failure;
use crate::output::stdout;

/// Print the JSON Schema of rules files, for editors.
///
/// Save it, and begin a rules file with
///
///   # yaml-language-server: $schema=rules.schema.json
#[derive(Debug, Args)]
pub(crate) struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "subcommands are run alike")]
    pub(crate) fn run(&self) -> Result<(), Failure> {
        stdout::print(JSON_SCHEMA)
    }
}
