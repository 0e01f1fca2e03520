//! From nodes and a schema to plans.
//!
//! [`Compilation`] takes rules files and gives the rules of each method. Every file is compiled whole before anything
//! is decided, so that one load shows all problems.

mod cardinality;
mod compilation;
mod compiler;
mod condition;
mod google_rpc;
mod identifier;
mod interpolation;
mod json_schema;
mod metadata;
mod pattern;
mod pause;
mod rule;
mod session;
mod status;
mod steps;
mod template;
mod text;
mod value;

pub(crate) use self::compilation::Compilation;
#[cfg(test)]
pub(super) use self::compiler::RuleCompiler;
pub use self::json_schema::JSON_SCHEMA;
#[cfg(test)]
pub(super) use self::template::compile_template;
