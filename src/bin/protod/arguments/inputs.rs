//! What to load: the arguments that `serve`, `check` and `explain` share.
//!
//! Without `--rules`, rules are read from the folders of the protos. A server also watches those folders, since a rules
//! file may be added to them. A URL has no folder: without one that has, rules are read from `--rules` only.

use std::path::PathBuf;

use clap::Args;
use protod::live::Answers;
use protod::{Error, Rules, RulesOptions, Schema, SchemaBuilder};

use super::schema::Imports;

/// Protos and rules.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the fields name the flags")]
pub(crate) struct Inputs {
    /// A .proto file, a folder of them, a descriptor set, a server whose reflection has
    /// the protos (grpc:// or grpcs://HOST:PORT), or the https:// URL of a descriptor set; repeatable [default: ./proto]
    #[arg(value_name = "INPUT", env = "PROTOD_INPUT")]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    imports: Imports,

    /// A rules file, or a folder of them; repeatable [default: every *.rules.yaml|yml|json in the inputs' folders]
    #[arg(long, value_name = "PATH", env = "PROTOD_RULES")]
    rules: Vec<PathBuf>,
}

/// The input where none is given.
const DEFAULT_INPUT: &str = "./proto";

impl Inputs {
    /// Whether protos or rules are named.
    pub(crate) fn are_given(&self) -> bool {
        !self.inputs.is_empty() || !self.rules.is_empty()
    }

    fn inputs(&self) -> Vec<PathBuf> {
        if self.inputs.is_empty() {
            vec![PathBuf::from(DEFAULT_INPUT)]
        } else {
            self.inputs.clone()
        }
    }

    /// Compiles the protos.
    pub(crate) fn schema(&self) -> Result<Schema, Error> {
        self.imports.load(&self.inputs())
    }

    /// What compiles the protos, again and again. Its clones ask URLs once.
    pub(crate) fn builder(&self) -> Result<SchemaBuilder, Error> {
        self.imports.builder(&self.inputs())
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
