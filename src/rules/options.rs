//! How rules are loaded.

use std::path::PathBuf;

use super::files::{rules_files, rules_files_beside};
#[cfg(all(feature = "live", feature = "nats"))]
use super::load::{RulesTexts, load_texts};
use super::load::{load_files, load_text};
use super::run::{RulesState, Settings};
use super::set::Rules;
use crate::cel::Budget;
use crate::error::Error;
use crate::schema::Schema;

/// How rules are loaded.
///
/// ```
/// use protod::{RulesOptions, RulesState, Schema};
///
/// let state = RulesState::new();
/// let options = RulesOptions::default().state(&state).seed(1).rule_header(false);
/// let rules = options.beside(&Schema::load("proto")?)?;
/// assert!(!rules.is_empty());
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct RulesOptions {
    settings: Settings,
}

impl RulesOptions {
    /// The default of [`max_expression_cost`](Self::max_expression_cost).
    pub const DEFAULT_MAX_EXPRESSION_COST: u64 = Budget::DEFAULT;

    /// Shares the store, the counters, the collections and the signals of rules that were loaded before. Default: a new state.
    pub fn state(mut self, state: &RulesState) -> Self {
        self.settings.state = state.clone();
        self.settings.shares_state = true;
        self
    }

    /// Whether responses name the rule that answered, in the header `protod-rule`. Default: yes.
    pub fn rule_header(mut self, on: bool) -> Self {
        self.settings.rule_header = on;
        self
    }

    /// Makes `random()`, `uuid()`, `chance` and drawn durations give the same values for the same seed, call by call. Default:
    /// random values.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Makes up the messages of `sample` in rules. Default: a [`Sampler`](crate::Sampler) with the seed 0.
    #[cfg(feature = "samples")]
    pub fn sampler(mut self, sampler: crate::sample::Sampler) -> Self {
        self.settings.sampler = Some(sampler);
        self
    }

    /// What the expressions of a call may cost together until the call lets others run; a call that needs more ends with
    /// RESOURCE_EXHAUSTED. A unit is what a small part of an expression costs in one round of a loop, some 20 ns.
    /// Default: 1,000,000, which takes less than 50 ms.
    pub fn max_expression_cost(mut self, units: u64) -> Self {
        self.settings.max_expression_cost = units;
        self
    }

    /// Whether the [server validates requests](crate::ServerBuilder::validate), as the `validate` of a rule needs it: where it does
    /// not, `validate: true` is among the [warnings](Rules::warnings). Default: not known, and nothing is said.
    pub fn validates(mut self, on: bool) -> Self {
        self.settings.validates = Some(on);
        self
    }

    /// Loads rules files: those named, and in folders all `*.rules.yaml`, `*.rules.yml` and `*.rules.json`.
    ///
    /// An error holds every problem of every file.
    pub fn load(&self, schema: &Schema, paths: &[PathBuf]) -> Result<Rules, Error> {
        load_files(&self.settings, schema, rules_files(paths)?)
    }

    /// Loads the rules files that lie beside a schema's inputs: for a file those in its folder, for a folder all in it
    /// and below it.
    pub fn beside(&self, schema: &Schema) -> Result<Rules, Error> {
        load_files(
            &self.settings,
            schema,
            rules_files_beside(schema.input_folders())?,
        )
    }

    /// Loads rules from a text; `name` stands for the file in problems and in the names of rules.
    pub fn from_text(&self, schema: &Schema, name: &str, text: &str) -> Result<Rules, Error> {
        load_text(&self.settings, schema, name, text)
    }

    /// Loads rules files that are no files of this machine.
    #[cfg(all(feature = "live", feature = "nats"))]
    pub(crate) fn load_texts(&self, schema: &Schema, texts: &RulesTexts) -> Result<Rules, Error> {
        load_texts(&self.settings, schema, texts)
    }
}

impl Rules {
    /// Loads rules files with the default options; see [`RulesOptions::load`].
    pub fn load(schema: &Schema, paths: &[PathBuf]) -> Result<Self, Error> {
        RulesOptions::default().load(schema, paths)
    }

    /// Loads the rules beside a schema's inputs with the default options; see [`RulesOptions::beside`].
    pub fn beside(schema: &Schema) -> Result<Self, Error> {
        RulesOptions::default().beside(schema)
    }

    /// Loads rules from a text with the default options; see [`RulesOptions::from_text`].
    pub fn from_text(schema: &Schema, name: &str, text: &str) -> Result<Self, Error> {
        RulesOptions::default().from_text(schema, name, text)
    }
}
