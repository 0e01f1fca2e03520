//! From nodes and a schema to plans.
//!
//! [`Compilation`] takes rules files and gives the rules of each method. Every file is compiled whole before anything
//! is decided, so that one load shows all problems.
//!
//! | room | what it is |
//! |---|---|
//! | [`rule`] | one rule, for one method |
//! | [`answers`] | what it does: one answer, several in turn, or effects alone |
//! | [`matching`] | whether it matches: `match` and `when` |
//! | [`events`] | how it answers: the steps of its events |
//! | [`template`] | messages |
//! | [`values`] | texts, variables, durations, metadata, statuses |

mod answers;
mod collections;
mod compilation;
mod compiler;
mod condition_parts;
mod events;
mod field_hint;
mod foreign;
mod google_rpc;
mod identifier;
mod integer_division;
mod interpolation;
mod json_schema;
mod matching;
mod message_files;
mod method_hint;
mod methods;
mod missing;
mod other_words;
mod quoting;
mod reach;
mod rule;
mod rule_keys;
mod signals;
mod slashed_pattern;
mod stored;
mod template;
mod text_warnings;
mod time_hint;
mod values;

pub(in crate::rules) use self::collections::DeclaredCollection;
pub(in crate::rules) use self::compilation::{Compilation, CompiledMethod, CompiledRules};
#[cfg(test)]
pub(super) use self::compiler::RuleCompiler;
pub use self::json_schema::JSON_SCHEMA;
pub(super) use self::message_files::{GivenFiles, MessageFiles};
pub(in crate::rules) use self::methods::methods_named;
#[cfg(test)]
pub(super) use self::template::compile_template;
