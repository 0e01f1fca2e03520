//! Whether requests are checked against the rules of their protos, as flags.

use clap::Args;
use prost_reflect::MessageDescriptor;
use protod::{Error, Message, Schema, Validator};

/// `--validate`, for the commands that serve nothing.
#[derive(Debug, Clone, Args)]
pub(crate) struct ValidateArg {
    /// Check requests against the rules that their protos declare with buf.validate
    #[arg(long, env = "PROTOD_VALIDATE")]
    validate: bool,
}

impl ValidateArg {
    /// Compiles the rules of all requests, or of none.
    pub(crate) fn validator(&self, schema: &Schema) -> Result<Validator, Error> {
        let methods = schema.methods().iter().filter(|_| self.validate);
        let inputs: Vec<MessageDescriptor> = methods.map(|method| method.input().clone()).collect();
        Validator::new(schema, inputs)
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
