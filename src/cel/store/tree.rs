//! A map of the store: its entries in the order of their keys, each a value or a map of its own.
//!
//! An entry is found in the time that a search takes, however large the maps around it are, and every map knows how much
//! memory it takes, so that a change costs no more than its own way down.

use std::collections::{BTreeMap, btree_map};

use crate::cel::budget::Budget;
use crate::cel::values::{Evaluated, Key, Value};

/// What stands in a place of the store.
#[derive(Debug)]
pub(in crate::cel) enum Node {
    Value(Value<'static>),
    Map(Tree),
}

/// Entries in the order of their keys: bools, numbers, texts.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, Node>,
    /// Bools and numbers.
    others: BTreeMap<Key, Node>,
    size: Size,
}

/// Goes over the entries of a map, in the order of their keys.
#[derive(Debug)]
pub(in crate::cel) struct Entries<'e> {
    others: btree_map::Iter<'e, Key, Node>,
    texts: btree_map::Iter<'e, String, Node>,
}

impl<'e> Iterator for Entries<'e> {
    type Item = (Value<'e>, &'e Node);

    fn next(&mut self) -> Option<Self::Item> {
        let other = self.others.next().map(|(key, node)| (key_value(key), node));
        other.or_else(|| {
            self.texts
                .next()
                .map(|(text, node)| (Value::text(text.as_str()), node))
        })
    }
}

/// How many entries there are, those of inner maps included, and the memory that they take, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// The key of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TreeKey {
    Text(String),
    Other(Key),
}

impl TreeKey {
    /// The key that a value is: a bool, a whole number, a text, or the name of an enum's value.
    pub(in crate::cel) fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.to_string())),
            Value::Enum(..) => Some(Self::Text(value.to_text())),
            other => match Key::of(other)? {
                Key::Double(_) => None,
                key => Some(Self::Other(key)),
            },
        }
    }

    fn size(&self) -> usize {
        size_of::<Value<'_>>()
            + match self {
                Self::Text(text) => text.len(),
                Self::Other(_) => 0,
            }
    }

    /// For people.
    pub(in crate::cel) fn to_text(&self) -> String {
        self.to_value().to_text()
    }

    pub(in crate::cel) fn to_value(&self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::text(text.clone()),
            Self::Other(key) => key_value(key),
        }
    }
}

/// The value of a key that is no text.
fn key_value(key: &Key) -> Value<'static> {
    match key {
        Key::Bool(truth) => Value::Bool(*truth),
        Key::Number(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => Value::Int(number),
            (_, Ok(number)) => Value::Uint(number),
            _ => Value::Double(*number as f64),
        },
        Key::Double(bits) => Value::Double(f64::from_bits(*bits)),
        Key::Text(text) => Value::text(text.clone()),
    }
}

impl Size {
    /// With another entry of that size below a key of this size.
    fn with(self, node: Size, key: usize) -> Self {
        Self {
            entries: self.entries + node.entries + 1,
            bytes: self.bytes + node.bytes + key,
        }
    }

    /// Without it.
    fn without(self, node: Size, key: usize) -> Self {
        Self {
            entries: self.entries - node.entries - 1,
            bytes: self.bytes - node.bytes - key,
        }
    }

    /// With a part of another size.
    fn changed(self, before: Size, after: Size) -> Self {
        Self {
            entries: self.entries - before.entries + after.entries,
            bytes: self.bytes - before.bytes + after.bytes,
        }
    }
}

impl Node {
    /// A value as the store keeps it: maps become maps of the store. An `Err` names a key that it cannot have.
    pub(super) fn of(value: Value<'static>) -> Result<Self, String> {
        let Value::Map(entries) = value else {
            return Ok(Self::Value(value));
        };
        let mut tree = Tree::default();
        for (key, value) in entries {
            let Some(name) = TreeKey::of(&key) else {
                return Err(format!("{} cannot be the key of a map", key.to_excerpt()));
            };
            tree.insert(&name, Self::of(value)?);
        }
        Ok(Self::Map(tree))
    }

    /// The value, of which lists and maps are copied.
    pub(in crate::cel) fn to_value(&self, budget: &Budget) -> Evaluated<Value<'_>> {
        match self {
            Self::Value(value) => {
                budget.charge_borrowing(value)?;
                Ok(value.borrowed())
            }
            Self::Map(tree) => tree.to_value(budget),
        }
    }

    fn size(&self) -> Size {
        match self {
            Self::Value(value) => Size {
                entries: 0,
                bytes: value.size(),
            },
            Self::Map(tree) => Size {
                bytes: tree.size.bytes + size_of::<Value<'_>>(),
                ..tree.size
            },
        }
    }
}

impl Tree {
    pub(in crate::cel) fn len(&self) -> usize {
        self.texts.len() + self.others.len()
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The entry of a key. Nothing is copied to find a text.
    pub(in crate::cel) fn get(&self, key: &Value<'_>) -> Option<&Node> {
        match key {
            Value::String(text) => self.texts.get(&**text),
            other => self.find(&TreeKey::of(other)?),
        }
    }

    pub(super) fn find(&self, key: &TreeKey) -> Option<&Node> {
        match key {
            TreeKey::Text(text) => self.texts.get(text),
            TreeKey::Other(key) => self.others.get(key),
        }
    }

    /// The entries, in the order of their keys.
    pub(in crate::cel) fn iter(&self) -> Entries<'_> {
        Entries {
            others: self.others.iter(),
            texts: self.texts.iter(),
        }
    }

    /// The map as a value, whose entries are copied.
    pub(in crate::cel) fn to_value(&self, budget: &Budget) -> Evaluated<Value<'_>> {
        let entries = self.iter().map(|(key, node)| {
            budget.charge(2)?;
            Ok((key, node.to_value(budget)?))
        });
        Ok(Value::Map(entries.collect::<Evaluated<_>>()?))
    }

    /// Sets an entry; returns what it was. The key is copied only for an entry that is made.
    pub(super) fn insert(&mut self, key: &TreeKey, node: Node) -> Option<Node> {
        let size = node.size();
        let found = match key {
            TreeKey::Text(text) => self.texts.get_mut(text),
            TreeKey::Other(key) => self.others.get_mut(key),
        };
        if let Some(found) = found {
            let before = std::mem::replace(found, node);
            self.size = self.size.changed(before.size(), size);
            return Some(before);
        }
        self.size = self.size.with(size, key.size());
        match key {
            TreeKey::Text(text) => self.texts.insert(text.clone(), node),
            TreeKey::Other(key) => self.others.insert(key.clone(), node),
        }
    }

    pub(super) fn remove(&mut self, key: &TreeKey) -> Option<Node> {
        let before = match key {
            TreeKey::Text(text) => self.texts.remove(text),
            TreeKey::Other(key) => self.others.remove(key),
        };
        if let Some(before) = &before {
            self.size = self.size.without(before.size(), key.size());
        }
        before
    }

    /// Changes an inner map, which is made if the entry is absent. `None` if the entry is no map.
    pub(super) fn change<T>(&mut self, key: &TreeKey, change: impl FnOnce(&mut Tree) -> T) -> Option<T> {
        let found = match key {
            TreeKey::Text(text) => self.texts.get_mut(text),
            TreeKey::Other(key) => self.others.get_mut(key),
        };
        match found {
            Some(Node::Map(inner)) => {
                let before = inner.size;
                let changed = change(inner);
                self.size = self.size.changed(before, inner.size);
                Some(changed)
            }
            Some(Node::Value(_)) => None,
            None => {
                let mut inner = Tree::default();
                let changed = change(&mut inner);
                self.insert(key, Node::Map(inner));
                Some(changed)
            }
        }
    }
}
