//! [`Origin`]: where the protos and rules of a server come from, loaded again after each change.
//!
//! They are those of its inputs, or of a generation that was published to the fleet; a replica that has no inputs serves nothing until
//! there is one.

use std::sync::Arc;

use protod::fleet::Generation;
use protod::live::{Answers, Project};
use protod::{Error, Handlers, RulesOptions, Sampler, Schema, SchemaBuilder};

use crate::arguments::http_rules::CheckedHttpRules;
use crate::arguments::inputs::Inputs;

/// What is loaded, at the start and after each change.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) from: Source,
    pub(super) http_rules: Arc<CheckedHttpRules>,
    pub(super) options: RulesOptions,
    pub(super) samples: Option<Sampler>,
}

/// Where protos and rules are.
#[derive(Clone)]
pub(super) enum Source {
    Inputs(Box<SchemaBuilder>, Inputs),
    Published(Generation),
    /// Nowhere yet.
    Nothing,
}

impl Origin {
    /// The same for a generation.
    pub(super) fn of(&self, generation: Generation) -> Self {
        Self {
            from: Source::Published(generation),
            ..self.clone()
        }
    }
}

impl Project for Origin {
    fn schema(&self) -> Result<Schema, Error> {
        match &self.from {
            Source::Inputs(builder, _) => SchemaBuilder::clone(builder).build(),
            Source::Published(generation) => generation.schema(),
            // A file without services.
            Source::Nothing => Schema::builder().import("google/protobuf/empty.proto").build(),
        }
    }

    fn schema_after(&self, earlier: &Schema) -> Result<Schema, Error> {
        match &self.from {
            Source::Inputs(builder, _) => SchemaBuilder::clone(builder).reuse(earlier).build(),
            Source::Published(_) | Source::Nothing => self.schema(),
        }
    }

    fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
        let rules = match &self.from {
            Source::Inputs(_, inputs) => inputs.rules(schema, &self.options)?,
            Source::Published(generation) => generation.rules(schema, &self.options)?,
            Source::Nothing => self.options.load(schema, &[])?,
        };
        // The server makes them again; here they are part of the load, which tells of what is wrong.
        self.http_rules.check(schema)?;
        let mut answers = Answers::new().rules(rules);
        for file in self.http_rules.files() {
            answers = answers.watch(file);
        }
        if let Some(sampler) = &self.samples {
            answers = answers.handlers(Handlers::new().fallback(sampler.clone()));
        }
        Ok(match &self.from {
            Source::Inputs(_, inputs) => inputs.watch(schema, answers),
            Source::Published(_) | Source::Nothing => answers,
        })
    }
}
