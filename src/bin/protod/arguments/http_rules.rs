//! How methods are called by REST, as flags.

use std::path::PathBuf;

use clap::Args;
use protod::{Error, HttpRules, Schema};

/// `--http-rules`.
#[derive(Debug, Clone, Args)]
pub(crate) struct HttpRulesArg {
    /// A service config with rules of google.api.http, by which methods are called by REST: google.api.Service in YAML or
    /// JSON; repeatable. The rules in the protos count in any case
    #[arg(long, value_name = "FILE", env = "PROTOD_HTTP_RULES")]
    http_rules: Vec<PathBuf>,
}

impl HttpRulesArg {
    /// The files.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.http_rules
    }

    /// Fails if a file is wrong. The rules in protos never are an error.
    pub(crate) fn check(&self, schema: &Schema) -> Result<(), Error> {
        if self.http_rules.is_empty() {
            return Ok(());
        }
        self.load(schema).map(drop)
    }

    /// Reads the rules and checks them against the protos.
    pub(crate) fn load(&self, schema: &Schema) -> Result<HttpRules, Error> {
        HttpRules::load(schema, &self.http_rules)
    }
}
