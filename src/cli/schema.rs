//! `protod schema`: the JSON Schema of rules files, for editors.

use clap::Args;

use super::stdout;
use crate::Error;
use crate::rules::JSON_SCHEMA;

/// Print the JSON Schema of rules files, for editors.
///
/// Save it, and begin a rules file with
///
///   # yaml-language-server: $schema=rules.schema.json
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "subcommands are run alike")]
    pub(super) fn run(&self) -> Result<(), Error> {
        stdout::print(JSON_SCHEMA)
    }
}
