//! CEL expressions, parsed by the `cel` crate and compiled at load into a typed tree of our own.
//!
//! [`Program::compile`] resolves every name against a [`Scope`] and reports all problems with their places;
//! [`Program::eval`] then looks nothing up: it reads fields of the request from their slots, or from its bytes, and
//! borrows text and bytes from them.
//!
//! ```text
//! text ── parse ─► syntax tree ── compile ─► typed tree (tree) ── eval, loops, operators, functions ─► Value
//!                                  Scope ─┘                          Env ─┘
//! ```

mod access;
mod compile;
mod env;
mod equal;
mod equalities;
mod error;
mod eval;
mod field;
mod functions;
mod loops;
mod operators;
mod parse;
mod problem;
mod program;
mod quick;
mod reader;
mod scope;
mod store;
mod text;
mod tree;
mod types;
mod uses;
mod value;
mod volatile;
mod well_known;

#[cfg(test)]
mod tests;

pub(crate) use self::access::metadata_value;
pub(crate) use self::env::{CallFacts, Env};
pub(crate) use self::equalities::Equality;
pub(crate) use self::error::EvalError;
pub(crate) use self::problem::ExprProblem;
pub(crate) use self::program::Program;
pub(crate) use self::scope::Scope;
pub(crate) use self::store::Store;
pub(crate) use self::types::Type;
pub(crate) use self::uses::Uses;
pub(crate) use self::value::{MessageValue, Value};
