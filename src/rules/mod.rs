//! Rules: how methods answer, as data.
//!
//! ```text
//! files ── crate::yaml ─► nodes ── compile, with the schema ─► plan ── run, for each call ─► answers
//! ```
//!
//! A rules file is checked against a schema and compiled when it loads. [`Rules`] holds a [`MethodRules`] for each
//! method that some rule names, which is the method's [`Handler`](crate::handler::Handler).
//!
//! | room | what it is |
//! |---|---|
//! | `files.rs`, `file.rs` | where rules files are; the rules in one of them, as YAML nodes |
//! | `plan/` | rules in their compiled form |
//! | `collections.rs`, `search.rs` | the collections, for who looks at them from outside of calls |
//! | `compile/` | nodes and a schema to plans |
//! | `run/` | choosing the rule that answers, and running it on bytes |
//!
//! `compile/` and `run/` know `plan/`, and not each other.

mod collections;
mod compile;
mod file;
mod files;
mod listed;
mod load;
mod options;
mod part;
mod plan;
mod run;
mod search;
mod set;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(crate) use self::collections::RulesCollection;
pub use self::compile::JSON_SCHEMA;
pub(crate) use self::files::{is_misnamed, is_rules_file, may_be_misnamed};
pub use self::listed::ListedRule;
#[cfg(all(feature = "live", feature = "nats"))]
pub(crate) use self::load::RulesTexts;
pub use self::options::RulesOptions;
pub(crate) use self::plan::Outline;
pub(crate) use self::run::StateOfSession;
pub(crate) use self::run::Trouble;
pub use self::run::{Explanation, MethodRules, RulesState};
pub(crate) use self::search::{Found, Search};
pub use self::set::Rules;
