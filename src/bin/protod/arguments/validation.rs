//! Whether requests are checked against the rules of their protos, as flags.

use clap::Args;
use protod::{Error, Message, Schema, Validator};

/// `--validate`, for the commands that serve nothing.
#[derive(Debug, Clone, Args)]
pub(crate) struct ValidateArg {
    /// Check requests against the rules that their protos declare with buf.validate
    #[arg(long, env = "PROTOD_VALIDATE")]
    validate: bool,
}

/// What is said if requests are validated and have no rules, with what may be meant.
pub(crate) const NO_RULES: (&str, &str) = (
    "--validate has nothing to check: no request has rules of buf.validate",
    "they stand in options of the request's fields, as in `[(buf.validate.field).required = true]`",
);

/// Compiles the rules of all requests.
pub(crate) fn validator_of_requests(schema: &Schema) -> Result<Validator, Error> {
    let inputs = schema.methods().iter().map(|method| method.input().clone());
    Validator::new(schema, inputs.collect::<Vec<_>>())
}

impl ValidateArg {
    /// Whether requests are checked.
    pub(crate) fn is_on(&self) -> bool {
        self.validate
    }

    /// Compiles the rules of all requests, or of none.
    pub(crate) fn validator(&self, schema: &Schema) -> Result<Validator, Error> {
        if self.validate {
            validator_of_requests(schema)
        } else {
            Validator::new(schema, [])
        }
    }

    /// Compiles the rules of all requests, if they are asked for. Returns whether there are none, although they are.
    pub(crate) fn finds_no_rules(&self, schema: &Schema) -> Result<bool, Error> {
        Ok(self.validator(schema)?.is_empty() && self.validate)
    }

    /// Why a server refuses the first of these requests that breaks rules.
    pub(crate) fn refusal(&self, schema: &Schema, requests: &[Message]) -> Result<Option<String>, Error> {
        let validator = self.validator(schema)?;
        let mut refusals = requests
            .iter()
            .filter_map(|request| validator.validate(request).err());
        Ok(refusals.next().map(|error| error.to_string()))
    }
}
