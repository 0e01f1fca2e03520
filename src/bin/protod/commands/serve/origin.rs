//! [`Origin`]: where the protos and rules of a server come from, loaded again after each change.

use protod::live::{Answers, Project};
use protod::{Error, Handlers, RulesOptions, Sampler, Schema, SchemaBuilder};

use crate::arguments::http_rules::CheckedHttpRules;
use crate::arguments::inputs::Inputs;

/// What is loaded, at the start and after each change.
pub(super) struct Origin {
    pub(super) schema: SchemaBuilder,
    pub(super) inputs: Inputs,
    pub(super) http_rules: CheckedHttpRules,
    pub(super) options: RulesOptions,
    pub(super) samples: Option<Sampler>,
}

impl Project for Origin {
    fn schema(&self) -> Result<Schema, Error> {
        self.schema.clone().build()
    }

    fn schema_after(&self, earlier: &Schema) -> Result<Schema, Error> {
        self.schema.clone().reuse(earlier).build()
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        let rules = self.inputs.rules(schema, &self.options)?;
        // The server makes them again; here they are part of the load, which tells of what is wrong.
        self.http_rules.check(schema)?;
        let mut answers = Answers::new().rules(rules);
        for file in self.http_rules.files() {
            answers = answers.watch(file);
        }
        if let Some(sampler) = &self.samples {
            answers = answers.handlers(Handlers::new().fallback(sampler.clone()));
        }
        Ok(self.inputs.watch(schema, answers))
    }
}
