//! From the text of a rules file to nodes that know their places.
//!
//! [`RulesFile`] reads YAML 1.2 into [`Node`]s and finds the list of rules, and [`entries`] reads a mapping that may have
//! certain keys only. Nothing here knows protobuf or CEL.

mod entries;
mod file;
mod node;
mod parse;
mod places;
mod scalar;
#[cfg(test)]
mod tests;

pub(crate) use self::entries::{Entry, entries, find};
pub(crate) use self::file::RulesFile;
pub(crate) use self::node::{Node, Yaml};
#[cfg(test)]
pub(crate) use self::parse::parse;
