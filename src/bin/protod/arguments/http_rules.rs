//! How methods are called by REST, as flags.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

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

    /// Reads the rules and checks them against the protos.
    pub(crate) fn load(&self, schema: &Schema) -> Result<HttpRules, Error> {
        HttpRules::load(schema, &self.http_rules)
    }
}

/// The rules of these files as they were when they were last checked, so that they are compiled again only when they change.
#[derive(Debug)]
pub(crate) struct CheckedHttpRules {
    files: Vec<PathBuf>,
    last: Mutex<Option<HttpRules>>,
}

impl CheckedHttpRules {
    pub(crate) fn new(argument: &HttpRulesArg) -> Self {
        Self {
            files: argument.http_rules.clone(),
            last: Mutex::new(None),
        }
    }

    /// The files.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Fails if a file is wrong. The rules in protos never are an error.
    pub(crate) fn check(&self, schema: &Schema) -> Result<(), Error> {
        if self.files.is_empty() {
            return Ok(());
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = match &*last {
            Some(last) => last.reload(schema, &self.files)?,
            None => HttpRules::load(schema, &self.files)?,
        };
        *last = Some(rules);
        Ok(())
    }
}
