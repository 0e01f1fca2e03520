//! From YAML text to nodes that know their places: rules files, and the configuration of buf.
//!
//! [`parse`] reads YAML 1.2 into [`Node`]s, without recursion and within a budget, and [`entries`] reads a mapping that may have
//! certain keys only. JSON is YAML, so it is read as well, by a reader of its own.

mod comma;
mod diagnosis;
mod entries;
mod json;
#[cfg(test)]
mod json_tests;
mod layout;
mod mustache;
mod node;
mod parse;
mod places;
mod scalar;
mod surrogates;
#[cfg(test)]
mod tests;
mod trouble;

pub(crate) use self::comma::cut_by_comma;
pub(crate) use self::entries::{Entry, entries, find};
pub(crate) use self::node::{Node, Yaml};
pub(crate) use self::parse::{Alias, Document, parse, parse_document};
pub(crate) use self::scalar::written;
pub(crate) use self::trouble::quote_value_at;
