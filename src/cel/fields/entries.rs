//! The entries of a map field, or of a `google.protobuf.Struct`, as they come from the wire; what they cost.

use std::collections::HashMap;

use crate::cel::values::{Key, Value, equals};

/// What an element of a list costs: it takes memory, as well as time.
pub(super) const UNITS_PER_ELEMENT: u64 = 2;

/// The same for an entry of a map, which is also looked for among the others.
pub(super) const UNITS_PER_ENTRY: u64 = 6;

/// The entries of a map while they come: the last one of a key wins, in the place of the first.
#[derive(Debug, Default)]
pub(crate) struct Entries<'b> {
    entries: Vec<(Value<'b>, Value<'b>)>,
    /// By key; filled once there are too many entries to search one by one.
    index: HashMap<Key, usize>,
}

impl<'b> Entries<'b> {
    const LOOKED_THROUGH: usize = 16;

    pub(crate) fn insert(&mut self, key: Value<'b>, value: Value<'b>) {
        match self.place(&key) {
            Some(place) => self.entries[place].1 = value,
            None => self.entries.push((key, value)),
        }
    }

    fn place(&mut self, key: &Value<'b>) -> Option<usize> {
        let count = self.entries.len();
        if count < Self::LOOKED_THROUGH {
            return self.entries.iter().position(|(other, _)| equals(other, key));
        }
        if self.index.is_empty() {
            let keys = self.entries.iter().enumerate();
            self.index = keys
                .filter_map(|(place, (key, _))| Some((Key::of(key)?, place)))
                .collect();
        }
        let key = Key::of(key)?;
        if let Some(place) = self.index.get(&key) {
            Some(*place)
        } else {
            self.index.insert(key, count);
            None
        }
    }

    pub(crate) fn into_value(self) -> Value<'b> {
        Value::Map(self.entries)
    }
}
