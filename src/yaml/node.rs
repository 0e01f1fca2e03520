//! YAML as a tree in which every node knows its place.

use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::mem;
use std::ops::Range;

use foldhash::quality::FixedState;

/// Nodes may nest this deep; messages may nest 100 levels deep, too.
pub(super) const MAX_DEPTH: usize = 100;
/// A file may have this many nodes, with aliases expanded.
pub(super) const MAX_NODES: usize = 4_000_000;

/// A mapping of more entries finds its keys by a hash.
pub(super) const FEW_ENTRIES: usize = 16;

/// A value and the bytes of the file that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Yaml,
}

/// A value by YAML's core schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    /// Wide enough for every 64-bit integer of protobuf.
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The kind of the value, as error messages name it.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Yaml::Null => "null",
            Yaml::Bool(_) => "a boolean",
            Yaml::Int(_) | Yaml::Float(_) => "a number",
            Yaml::Text(_) => "a string",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none for other values.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Yaml::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a mapping's key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Yaml::Map(entries) = &self.value else {
            return None;
        };
        let found = entries.iter().find(|(known, _)| known.text() == Some(key))?;
        Some(&found.1)
    }

    /// The text of a scalar that is used as a key, even if YAML read it as a number, a boolean or null.
    pub(crate) fn key_text(&self) -> Option<String> {
        match &self.value {
            Yaml::Text(text) => Some(text.clone()),
            Yaml::Int(number) => Some(number.to_string()),
            Yaml::Bool(truth) => Some(truth.to_string()),
            Yaml::Float(number) => Some(number.to_string()),
            Yaml::Null => Some("null".to_owned()),
            Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// How many entries a mapping has.
    pub(crate) fn entries(&self) -> usize {
        match &self.value {
            Yaml::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    /// A hash of the values, which does not depend on their place in the file.
    pub(crate) fn content_hash(&self) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        self.hash_values(&mut hasher);
        hasher.finish()
    }

    fn hash_values(&self, hasher: &mut impl Hasher) {
        mem::discriminant(&self.value).hash(hasher);
        match &self.value {
            Yaml::Null => {}
            Yaml::Bool(truth) => truth.hash(hasher),
            Yaml::Int(number) => number.hash(hasher),
            Yaml::Float(number) => number.to_bits().hash(hasher),
            Yaml::Text(text) => text.hash(hasher),
            Yaml::List(items) => {
                items.len().hash(hasher);
                for item in items {
                    item.hash_values(hasher);
                }
            }
            Yaml::Map(entries) => {
                entries.len().hash(hasher);
                for (key, value) in entries {
                    key.hash_values(hasher);
                    value.hash_values(hasher);
                }
            }
        }
    }

    /// How many values it consists of, itself included.
    pub(super) fn size(&self) -> usize {
        match &self.value {
            Yaml::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Yaml::Map(entries) => {
                1 + entries
                    .iter()
                    .map(|(key, value)| key.size() + value.size())
                    .sum::<usize>()
            }
            _ => 1,
        }
    }
}
