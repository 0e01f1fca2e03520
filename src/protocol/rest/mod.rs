//! REST: methods called by plain HTTP and JSON, as `google.api.http` says.
//!
//! The rules of a schema are read and checked when it loads; a request is matched by its verb and path alone.
//!
//! | file | what it does |
//! |---|---|
//! | `rule`, `config` | rules as they are written: in protos, in service configs |
//! | `template`, `check` | what a rule's path says, and whether the rule fits its method |
//! | `http_rules` | all rules of a schema |
//! | `rule_index`, `trie` | from the verb and path of a request to a rule |
//! | `binding`, `field_path` | the fields that a path, a query and a body are |
//! | `value`, `query`, `mask` | texts to the bytes of fields |
//! | `body` | bodies to messages, and messages to bodies |
//! | `accept` | content types |
//! | `call` | one call |
//! | `status` | how a call failed |
//! | `openapi` | all of it as a document |

mod accept;
mod binding;
mod body;
mod call;
mod check;
#[cfg(any(feature = "rules", feature = "buf"))]
mod config;
mod fault;
mod field_path;
mod file_rules;
mod http_rules;
mod mask;
mod openapi;
mod query;
mod rule;
mod rule_index;
mod status;
mod template;
#[cfg(test)]
mod tests;
mod trie;
mod value;

pub(crate) use self::accept::{asks_for_stream, is_json, is_lines};
pub(crate) use self::binding::Binding;
pub(crate) use self::call::{REST, RestCall, metadata, no_such_path, other_verbs};
pub use self::http_rules::HttpRules;
pub(crate) use self::http_rules::Route;
pub(crate) use self::status::http_error;
