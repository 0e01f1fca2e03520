//! What to load: the arguments that `serve` and `check` share.

use std::path::PathBuf;

use clap::Args;

use crate::rules::Rules;
use crate::{Error, Schema};

/// Protos and rules.
#[derive(Debug, Clone, Args)]
pub(super) struct Inputs {
    /// A .proto, a folder of them, or a descriptor set (.binpb .pb .protoset .desc .dsc .fds)
    #[arg(
        value_name = "INPUT",
        env = "PROTOD_INPUT",
        value_delimiter = ',',
        default_value = "./proto"
    )]
    inputs: Vec<PathBuf>,

    /// Where imports are looked for, before the folders that are found without it; repeatable
    #[arg(
        short = 'I',
        long,
        visible_alias = "proto_path",
        value_name = "DIR",
        env = "PROTOD_IMPORT_PATH",
        value_delimiter = ','
    )]
    import_path: Vec<PathBuf>,

    /// A rules file, or a folder of them; repeatable [default: every *.rules.yaml|yml|json in the inputs' folders]
    #[arg(long, value_name = "PATH", env = "PROTOD_RULES", value_delimiter = ',')]
    rules: Vec<PathBuf>,
}

impl Inputs {
    /// Compiles the protos, and checks the rules against them.
    pub(super) fn load(&self) -> Result<(Schema, Rules), Error> {
        let mut builder = Schema::builder();
        for input in &self.inputs {
            builder = builder.input(input);
        }
        for folder in &self.import_path {
            builder = builder.import_path(folder);
        }
        let schema = builder.build()?;
        let rules = if self.rules.is_empty() {
            schema.input_folders()
        } else {
            &self.rules
        };
        let rules = Rules::load(&schema, rules)?;
        Ok((schema, rules))
    }
}
