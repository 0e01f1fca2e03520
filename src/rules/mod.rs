//! Rules: how methods answer, as data.
//!
//! A rules file (YAML) is checked against a schema and compiled into plans when it loads; a session runs a plan
//! for one call, on bytes. [`Rules`] holds a [`MethodRules`] for each method that some rule names, which is the
//! method's [`Handler`].

mod cardinality;
mod compiler;
mod condition;
mod expected;
mod explain;
mod file;
mod index;
mod json_schema;
mod load;
mod metadata;
mod node;
mod pause;
mod plan;
mod rule;
mod run;
mod select;
mod session;
mod source;
mod state;
mod status;
mod steps;
mod template;
#[cfg(test)]
mod testing;
mod text;
mod timed;
mod times;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tonic::Status;

pub use self::explain::Explanation;
pub(crate) use self::file::is_rules_file;
pub use self::json_schema::JSON_SCHEMA;
use self::plan::Rule;
use self::select::{Chosen, Order};
use self::session::Session;
pub use self::state::RulesState;
use crate::Error;
use crate::cel::Store;
use crate::cel::Uses;
use crate::handler::{Call, Handler};
use crate::message::Picker;
use crate::schema::{Method, Schema};

/// The rules of a server: checked, compiled, ready to answer.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    methods: Vec<Arc<MethodRules>>,
    files: Vec<PathBuf>,
    outlines: Vec<Outline>,
}

/// What a rule is told apart by, from one load to the next.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    pub(crate) name: Arc<str>,
    /// A hash of all that is written in it, and of nothing around it.
    pub(crate) content: u64,
}

/// How rules are loaded.
#[derive(Debug, Clone)]
#[must_use]
pub struct RulesOptions {
    state: RulesState,
    rule_header: bool,
    seed: Option<u64>,
}

impl Default for RulesOptions {
    fn default() -> Self {
        Self {
            state: RulesState::default(),
            rule_header: true,
            seed: None,
        }
    }
}

impl RulesOptions {
    /// Goes on with the counters and calls of rules that were loaded before. Default: a state of its own.
    pub fn state(mut self, state: &RulesState) -> Self {
        self.state = state.clone();
        self
    }

    /// Whether responses name the rule that answered, in the header `protod-rule`. Default: yes.
    pub fn rule_header(mut self, on: bool) -> Self {
        self.rule_header = on;
        self
    }

    /// Makes `random()` and `uuid()` give the same for the same seed, call by call. Default: chance.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Loads rules files: those named, and in folders all `*.rules.yaml`, `*.rules.yml` and `*.rules.json`.
    ///
    /// An error holds every problem of every file.
    pub fn load(&self, schema: &Schema, paths: &[PathBuf]) -> Result<Rules, Error> {
        load::load(self, schema, paths)
    }

    /// Loads the rules files that lie beside a schema's inputs: of a file those in its folder, of a folder all in it
    /// and below it.
    pub fn beside(&self, schema: &Schema) -> Result<Rules, Error> {
        load::load_beside(self, schema)
    }

    /// Loads rules from a text; `name` stands for the file in problems and in the names of rules.
    pub fn from_text(&self, schema: &Schema, name: &str, text: &str) -> Result<Rules, Error> {
        load::from_texts(self, schema, &[(name, text)])
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

    /// The handler of each method that some rule names.
    pub fn handlers(&self) -> impl Iterator<Item = (Arc<Method>, Arc<MethodRules>)> + '_ {
        self.methods
            .iter()
            .map(|rules| (Arc::clone(&rules.method), Arc::clone(rules)))
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.outlines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.outlines.is_empty()
    }

    /// The names of all rules, in the order of files and places.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.outlines.iter().map(|rule| &*rule.name)
    }

    /// All rules, in the order of files and places.
    pub(crate) fn outlines(&self) -> &[Outline] {
        &self.outlines
    }

    /// The files that were read.
    pub fn watch_paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }
}

/// The rules of one method, in the order in which they are tried.
pub struct MethodRules {
    method: Arc<Method>,
    rules: Vec<Rule>,
    /// The fields that conditions and sessions read.
    picker: Picker,
    /// What they look at, all together.
    uses: Uses,
    order: Order,
    rule_header: bool,
    state: RulesState,
    seed: Option<u64>,
    /// For rules that do not look at the store.
    no_store: Store,
}

/// The names only: what rules are compiled to holds types, and those may be recursive.
impl fmt::Debug for MethodRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodRules")
            .field("method", &self.method)
            .field("rules", &self.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl MethodRules {
    /// The names of the rules, in the order in which they are tried.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.name)
    }

    /// The rule that answers every call, if the first one does.
    fn unconditional(&self) -> Option<&Rule> {
        self.rules
            .first()
            .filter(|rule| rule.condition.is_always() && rule.times.is_none())
    }
}

impl Handler for MethodRules {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut session = Session::new(self, call);
        let chosen = match self.unconditional() {
            Some(rule) => Chosen::at_once(rule),
            None => select::choose(self, &mut session, call).await?,
        };
        session.answer(chosen.rule, call, chosen.first, chosen.all).await
    }
}
