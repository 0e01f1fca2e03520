//! CEL expressions: parsed, typed and compiled at load, and run on the bytes of a request.
//!
//! [`Program::compile`] resolves every name against a [`Scope`] and reports all problems with their places;
//! [`Program::eval`] then looks nothing up: it reads fields of the request from their slots, or from its bytes, and
//! borrows text and bytes from them.
//!
//! ```text
//! text ── syntax ─► Expr ── compile ─► TypedExpr ── eval ─► Value
//!                    Scope ─┘                 Env ─┘
//! ```
//!
//! | room | what is in it |
//! |---|---|
//! | `syntax` | the parser: from text to a syntax tree with places |
//! | `compile` | names, types and constants: from the syntax tree to the typed one |
//! | `eval` | runs the typed tree |
//! | `operators`, `functions` | what they take, give and do |
//! | `fields` | from the bytes of a message to values |
//! | `encode` | from values to the bytes of a message |
//! | `formats` | which texts are email addresses, URIs and the like |
//! | `store` | the variables that calls share |
//! | `values` | values and their types |

mod budget;
mod comparison;
mod compile;
mod conjuncts;
mod cost;
mod encode;
mod env;
mod equalities;
mod eval;
mod fields;
mod formats;
mod functions;
mod meant_times;
mod missing;
mod narrowings;
mod operators;
mod pattern;
mod pattern_cost;
mod pattern_never;
mod problem;
mod program;
mod scope;
mod store;
mod stored_places;
mod syntax;
mod typed;
mod uses;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use self::budget::Budget;
pub(crate) use self::comparison::Comparison;
pub(crate) use self::compile::{Branch, as_condition, is_root_name};
pub(crate) use self::conjuncts::conjuncts;
pub(crate) use self::encode::{
    FieldInfo, JsonForm, Misfit, accepts_contents, accepts_element, accepts_field, from_json_text,
    put_contents, put_elements, put_field, put_value, put_zero, takes_null, type_url,
};
pub(crate) use self::env::{CallFacts, Env, Reads, Round};
pub(crate) use self::equalities::Equality;
pub(crate) use self::eval::{Evaluation, RowReading, key_of, metadata_value, random, random_at};
pub(crate) use self::fields::{Entries, FieldReader, WireFields, WireValue};
pub(crate) use self::meant_times::{meant_duration, meant_timestamp};
pub(crate) use self::missing::{Subject, asked_for, missing};
pub(crate) use self::narrowings::Narrowing;
pub(crate) use self::problem::ExprProblem;
pub(crate) use self::program::{Program, Verdict};
pub(crate) use self::scope::{CollectionType, ConstraintScope, Scope};
#[cfg(feature = "nats")]
pub(crate) use self::store::{KnownTypes, put_clear};
pub(crate) use self::store::{Store, StoreRoom, TreeKey};
pub(crate) use self::stored_places::{
    FieldOfVariable, StoredKey, StoredNames, StoredPlace, StoredRead, stored_names,
};
pub(crate) use self::uses::Uses;
pub(crate) use self::values::{EvalError, MessageValue, Told, Type, Value, whole};

/// Whether a text has the syntax of an expression, whatever it names.
pub(crate) fn is_expression(text: &str) -> bool {
    syntax::parse(text).is_ok()
}
