//! What to load: the arguments that `serve`, `check` and `explain` share.
//!
//! Without `--rules`, rules are read from the folders of the protos. A server also watches those folders, since a rules
//! file may be added to them.

use std::path::PathBuf;

use clap::Args;
use protod::live::Answers;
use protod::{Error, Rules, RulesOptions, Schema, SchemaBuilder};

/// Protos and rules.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the fields name the flags")]
pub(crate) struct Inputs {
    /// A .proto file, a folder of them, or a descriptor set (.binpb .pb .protoset .desc .dsc .fds); repeatable
    #[arg(value_name = "INPUT", env = "PROTOD_INPUT", default_value = "./proto")]
    inputs: Vec<PathBuf>,

    /// A folder to look for imports in, before those that are found automatically; repeatable
    #[arg(
        short = 'I',
        long,
        visible_alias = "proto_path",
        value_name = "DIR",
        env = "PROTOD_IMPORT_PATH"
    )]
    import_path: Vec<PathBuf>,

    /// A rules file, or a folder of them; repeatable [default: every *.rules.yaml|yml|json in the inputs' folders]
    #[arg(long, value_name = "PATH", env = "PROTOD_RULES")]
    rules: Vec<PathBuf>,
}

impl Inputs {
    /// Compiles the protos.
    pub(crate) fn schema(&self) -> Result<Schema, Error> {
        let builder = self.inputs.iter().fold(Schema::builder(), SchemaBuilder::input);
        self.import_path
            .iter()
            .fold(builder, SchemaBuilder::import_path)
            .build()
    }

    /// Adds the files and folders where a change of rules is to be noticed.
    pub(crate) fn watch(&self, schema: &Schema, answers: Answers) -> Answers {
        if self.rules.is_empty() {
            answers.watch_beside(schema)
        } else {
            self.rules.iter().fold(answers, Answers::watch)
        }
    }

    /// Reads the rules and checks them against the protos.
    pub(crate) fn rules(&self, schema: &Schema, options: &RulesOptions) -> Result<Rules, Error> {
        if self.rules.is_empty() {
            options.beside(schema)
        } else {
            options.load(schema, &self.rules)
        }
    }
}
