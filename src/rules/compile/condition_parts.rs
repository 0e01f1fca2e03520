//! What is written in a rule's condition, in parts all of which must hold, each as a hash: so that rules are compared fast.
//!
//! The parts are the names of `metadata`, the fields of `match`, those of inner messages and the keys of maps each by itself,
//! and `when`. They have no order, and are sorted.

use std::hash::{BuildHasher as _, Hash};

use foldhash::quality::FixedState;

use super::identifier::is_identifier;
use crate::rules::plan::{Equality, Expected};
use crate::yaml::{Node, Yaml, written};

/// The parts of a condition.
pub(super) struct Parts {
    /// In order, so that two conditions can be compared.
    pub(super) parts: Vec<u64>,
    /// The one that is `when`.
    pub(super) when: Option<u64>,
}

/// The parts of a condition. `decided` is whether `match` and `when` are about the last message, and at which event `when` is
/// decided, if that matters.
pub(super) fn parts_of(
    metadata: Option<&Node>,
    pattern: Option<&Node>,
    when: Option<&Node>,
    file: &str,
    decided: (bool, Option<u8>),
) -> Parts {
    let reads_last = decided.0;
    let mut parts = Vec::new();
    if let Some(node) = metadata {
        parts.push(hash("metadata"));
        match &node.value {
            Yaml::Map(names) => parts.extend(names.iter().map(|(name, value)| {
                // In metadata `01` and `1` are two values.
                let text = written(value, file);
                hash(("metadata", name.key_text(), value.content_hash(), text))
            })),
            _ => parts.push(hash(("metadata", node.content_hash()))),
        }
    }
    if let Some(node) = pattern {
        // Also without a field it waits for a message.
        parts.push(hash(("match", reads_last)));
        for (path, value) in fields(node) {
            parts.push(field(&path, value.content_hash(), reads_last));
        }
    }
    let when = when
        .and_then(Node::key_text)
        .map(|text| condition(text.trim(), decided));
    parts.extend(when);
    parts.sort_unstable();
    Parts { parts, when }
}

/// Wider parts than these: that metadata with a value is there, that a message with a value is set, and the expression of a
/// field with a text.
pub(super) fn implied_by(
    metadata: Option<&Node>,
    pattern: Option<&Node>,
    equalities: &[Equality],
    decided: (bool, Option<u8>),
) -> Vec<u64> {
    let any = Node {
        span: 0..0,
        value: Yaml::Map(Vec::new()),
    };
    let mut implied = Vec::new();
    if let Some(Yaml::Map(names)) = metadata.map(|node| &node.value) {
        for (name, value) in names {
            if !matches!(value.value, Yaml::Null | Yaml::Map(_)) {
                let text: Option<String> = None;
                implied.push(hash(("metadata", name.key_text(), any.content_hash(), text)));
            }
        }
    }
    for equality in equalities {
        let names: Vec<String> = equality.path.split('.').map(str::to_owned).collect();
        let is_set = match &equality.expected {
            Expected::Set => names.len(),
            // What differs from the value of an unset field is set, and so is what it is in.
            Expected::SetTo(_) => names.len() - 1,
            Expected::Value(value) if !value.equals(&equality.unset, &equality.kind) => names.len() - 1,
            Expected::Value(_) => 0,
        };
        implied.extend((1..=is_set).map(|end| field(&names[..end], any.content_hash(), decided.0)));
    }
    for (path, value) in pattern.into_iter().flat_map(fields) {
        if let Some(text) = value.text().filter(|text| !text.is_empty())
            && path.iter().all(|name| is_identifier(name))
        {
            for quote in ['\'', '"'] {
                let source = format!("request.{} == {quote}{text}{quote}", path.join("."));
                implied.push(condition(&source, decided));
            }
        }
    }
    implied
}

/// The values of a pattern, without those of an empty one, with the names and keys that lead to them.
fn fields(pattern: &Node) -> Vec<(Vec<String>, &Node)> {
    let mut found = Vec::new();
    let mut open: Vec<(Vec<String>, &Node)> = vec![(Vec::new(), pattern)];
    while let Some((path, node)) = open.pop() {
        match &node.value {
            Yaml::Map(entries) if !entries.is_empty() => {
                open.extend(entries.iter().map(|(name, value)| {
                    let name = name.key_text().unwrap_or_default();
                    (path.iter().cloned().chain([name]).collect(), value)
                }));
            }
            Yaml::Map(_) if path.is_empty() => {}
            _ => found.push((path, node)),
        }
    }
    found
}

fn field(path: &[String], value: u64, reads_last: bool) -> u64 {
    hash(("match", reads_last, path, value))
}

fn condition(source: &str, (reads_last, stage): (bool, Option<u8>)) -> u64 {
    hash(("when", reads_last, stage, source))
}

fn hash(part: impl Hash) -> u64 {
    FixedState::default().hash_one(part)
}
