//! From the options of a message type to plans, once, when a schema is loaded.
//!
//! `buf/validate/validate.proto` says in CEL what its standard rules mean, in the options of their own fields. They are
//! compiled from there, as predefined rules of users are, so that each schema has the rules of its own version. What
//! no expression says is native: `required`, `ignore`, oneofs, `enum.defined_only` and `any.in`.

mod compiler;
mod contradictions;
mod fields;
mod messages;
mod options;
mod place;
mod standard;

pub(super) use self::compiler::compile;
