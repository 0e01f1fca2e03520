//! Makes the changes of records.
//!
//! A record comes from outside: what is not well formed changes nothing. Messages and enums are read by the types of who reads
//! them.

use std::borrow::Cow;

use bytes::Bytes;
use prost_reflect::{EnumDescriptor, MessageDescriptor};

use super::record::{change, put_set, tag};
use super::store::Store;
use super::tree::{Node, Tree, TreeKey};
use crate::cel::values::{MessageValue, Value};
use crate::message::{Message, Reader, is_duration, is_timestamp, unzigzag};
use crate::schema::Schema;

/// How deep values of a record nest at most: deeper than any that a rule may set.
const MAX_DEPTH: usize = 128;

/// What the types of a record's messages are found by.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTypes(Vec<Schema>);

impl KnownTypes {
    /// Those of the first schema that has them.
    pub(crate) fn of(schemas: Vec<Schema>) -> Self {
        Self(schemas)
    }

    /// A message of that type, if it is known and the bytes fit it.
    fn message(&self, name: &str, bytes: &[u8]) -> Option<Value<'static>> {
        let descriptor_in = |schema: &Schema| -> Option<MessageDescriptor> {
            let descriptor = schema.pool().get_message_by_name(name)?;
            Message::decode(schema, &descriptor, Bytes::copy_from_slice(bytes)).ok()?;
            Some(descriptor)
        };
        let descriptor = self.0.iter().find_map(descriptor_in)?;
        Some(Value::Message(MessageValue {
            descriptor,
            bytes: Cow::Owned(bytes.to_vec()),
        }))
    }

    fn enumeration(&self, name: &str) -> Option<EnumDescriptor> {
        self.0
            .iter()
            .find_map(|schema| schema.pool().get_enum_by_name(name))
    }
}

/// A change that was read.
enum Change {
    Clear,
    Set(Vec<TreeKey>, Option<Node>),
}

/// Reads a record.
struct Reading<'r> {
    reader: Reader<'r>,
    types: &'r KnownTypes,
    /// How many values are of types that are not known here.
    unknown: usize,
}

impl Reading<'_> {
    fn change(&mut self) -> Option<Change> {
        match self.reader.varint().ok()? {
            change::CLEAR => Some(Change::Clear),
            change::SET => {
                let mut path = Vec::new();
                for _ in 0..self.reader.varint().ok()? {
                    if path.len() == MAX_DEPTH {
                        return None;
                    }
                    let key = self.value(0)?;
                    path.push(TreeKey::of(&key)?);
                }
                let node = match self.value(0)? {
                    Value::Null => None,
                    value => Some(Node::of(value).ok()?),
                };
                Some(Change::Set(path, node))
            }
            _ => None,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value<'static>> {
        if depth > MAX_DEPTH {
            return None;
        }
        Some(match self.reader.varint().ok()? {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INT => Value::Int(self.signed()?),
            tag::UINT => Value::Uint(self.reader.varint().ok()?),
            tag::DOUBLE => Value::Double(f64::from_bits(self.reader.fixed64().ok()?)),
            tag::FLOAT => Value::Float(f32::from_bits(self.reader.fixed32().ok()?)),
            tag::STRING => Value::text(self.text()?),
            tag::BYTES => Value::Bytes(Cow::Owned(self.reader.delimited().ok()?.to_vec())),
            tag::DURATION => {
                let (seconds, nanos) = self.time(is_duration)?;
                Value::Duration { seconds, nanos }
            }
            tag::TIMESTAMP => {
                let (seconds, nanos) = self.time(is_timestamp)?;
                Value::Timestamp { seconds, nanos }
            }
            tag::ENUM => {
                let name = self.text()?;
                let number = self.signed()?;
                if let (Some(descriptor), Ok(number)) = (self.types.enumeration(&name), i32::try_from(number))
                {
                    Value::Enum(descriptor, number)
                } else {
                    self.unknown += 1;
                    Value::Int(number)
                }
            }
            tag::MESSAGE => {
                let name = self.text()?;
                let bytes = self.reader.delimited().ok()?;
                self.types.message(&name, bytes).unwrap_or_else(|| {
                    self.unknown += 1;
                    Value::Bytes(Cow::Owned(bytes.to_vec()))
                })
            }
            // The counts are not trusted: nothing is reserved for them.
            tag::LIST => {
                let count = self.reader.varint().ok()?;
                let values = (0..count).map(|_| self.value(depth + 1));
                Value::List(values.collect::<Option<_>>()?)
            }
            tag::MAP => {
                let count = self.reader.varint().ok()?;
                let entries = (0..count).map(|_| Some((self.value(depth + 1)?, self.value(depth + 1)?)));
                Value::Map(entries.collect::<Option<_>>()?)
            }
            tag::TYPE => Value::Type(Cow::Owned(self.text()?)),
            _ => return None,
        })
    }

    fn signed(&mut self) -> Option<i64> {
        self.reader.varint().ok().map(unzigzag)
    }

    fn text(&mut self) -> Option<String> {
        let bytes = self.reader.delimited().ok()?;
        String::from_utf8(bytes.to_vec()).ok()
    }

    fn time(&mut self, fits: fn(i64, i32) -> bool) -> Option<(i64, i32)> {
        let (seconds, nanos) = (self.signed()?, self.signed()?);
        let nanos = i32::try_from(nanos).ok().filter(|nanos| fits(seconds, *nanos));
        Some((seconds, nanos?))
    }
}

impl Store {
    /// Makes the changes of a record, whatever the store takes then: who made it has seen to that. Returns how many values are
    /// of types that are not known here: they are the bytes of messages, and the numbers of enums. `None` if it is no record.
    pub(crate) fn apply(&mut self, record: &[u8], types: &KnownTypes) -> Option<usize> {
        let mut reading = Reading {
            reader: Reader::new(record),
            types,
            unknown: 0,
        };
        let mut changes = Vec::new();
        while !reading.reader.is_empty() {
            changes.push(reading.change()?);
        }
        for change in changes {
            match change {
                Change::Clear => self.clear(),
                Change::Set(path, node) => drop(self.put_anyway(path, node)),
            }
        }
        self.count();
        Some(reading.unknown)
    }

    /// All variables as records of about that many bytes, or of one variable if that is larger.
    pub(crate) fn to_records(&self, size: usize) -> Vec<Vec<u8>> {
        let mut records = vec![Vec::new()];
        put_tree(self.root(), &mut Vec::new(), size, &mut records);
        records
    }
}

fn put_tree(tree: &Tree, path: &mut Vec<TreeKey>, size: usize, records: &mut Vec<Vec<u8>>) {
    for (key, node) in tree.iter() {
        let Some(key) = TreeKey::of(&key) else { continue };
        path.push(key);
        match node {
            Node::Map(inner) if inner.len() > 0 => put_tree(inner, path, size, records),
            Node::Map(_) => put_set(next(records, size), path, &Value::Map(Vec::new())),
            Node::Value(value) => put_set(next(records, size), path, value),
        }
        path.pop();
    }
}

/// The record that the next change goes into.
fn next(records: &mut Vec<Vec<u8>>, size: usize) -> &mut Vec<u8> {
    if records.last().is_none_or(|last| last.len() >= size) {
        records.push(Vec::new());
    }
    let last = records.len() - 1;
    &mut records[last]
}

#[cfg(test)]
mod tests {
    use super::super::record::put_clear;
    use super::*;
    use crate::cel::budget::Budget;

    fn shown(store: &Store) -> String {
        let value = store.root().to_value(&Budget::default());
        value.expect("it is small").to_text()
    }

    fn path(keys: &[&str]) -> Vec<TreeKey> {
        keys.iter().map(|key| TreeKey::Text((*key).to_owned())).collect()
    }

    /// A store with values of most kinds, and the record of how it was made.
    fn made() -> (Store, Vec<u8>) {
        let (mut store, mut record) = (Store::default(), Vec::new());
        put_clear(&mut record);
        let values = [
            Value::Bool(true),
            Value::Int(-5),
            Value::Uint(u64::MAX),
            Value::Double(0.5),
            Value::Float(0.1),
            Value::text("text"),
            Value::Bytes(vec![0, 255].into()),
            Value::Duration {
                seconds: -1,
                nanos: -5,
            },
            Value::Timestamp { seconds: 7, nanos: 5 },
            Value::List(vec![Value::Null, Value::List(Vec::new())]),
            Value::Map(vec![
                (Value::Int(1), Value::Bool(false)),
                (Value::text("inner"), Value::Map(Vec::new())),
            ]),
            Value::Type("int".into()),
        ];
        for (n, value) in values.into_iter().enumerate() {
            let place = path(&["all", &n.to_string()]);
            store.set_recorded(place, value, &mut record).expect("set");
        }
        store
            .set_recorded(path(&["all", "0"]), Value::Null, &mut record)
            .expect("removed");
        (store, record)
    }

    #[test]
    fn a_store_is_made_again_of_its_changes_and_of_what_it_has() {
        let (store, record) = made();
        let types = KnownTypes::default();
        let mut other = Store::default();
        other.set(path(&["old"]), Value::Int(1)).expect("set");
        assert_eq!(other.apply(&record, &types), Some(0));
        assert_eq!(shown(&other), shown(&store));
        for size in [0, 30, 1 << 20] {
            let mut again = Store::default();
            for record in store.to_records(size) {
                assert_eq!(again.apply(&record, &types), Some(0));
            }
            assert_eq!(shown(&again), shown(&store));
            assert_eq!(again.root().size(), store.root().size());
        }
    }

    #[test]
    fn what_is_no_record_changes_nothing() {
        let (store, record) = made();
        let types = KnownTypes::default();
        let mut kept = Store::default();
        kept.set(path(&["kept"]), Value::Int(1)).expect("set");
        let before = shown(&kept);
        let changes = store.to_records(0);
        let last = changes.last().expect("there are some");
        for end in 1..last.len() {
            assert_eq!(kept.apply(&last[..end], &types), None, "{end}");
        }
        let mut deep = record.clone();
        deep.extend([1, 1, 7, 1, b'x']);
        deep.extend([13, 1].repeat(MAX_DEPTH + 2));
        assert_eq!(kept.apply(&deep, &types), None);
        let counts_much = [
            1, 1, 7, 1, b'x', 13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ];
        assert_eq!(kept.apply(&counts_much, &types), None);
        assert_eq!(kept.apply(&[99], &types), None);
        assert_eq!(shown(&kept), before);
    }

    #[test]
    fn a_type_that_is_not_known_leaves_bytes_and_numbers() {
        let mut record = vec![1, 1, 7, 1, b'm', 12, 1, b'T', 2, 8, 1];
        record.extend([1, 1, 7, 1, b'e', 11, 1, b'E', 6]);
        let mut store = Store::default();
        assert_eq!(store.apply(&record, &KnownTypes::default()), Some(2));
        let held = |name: &str| store.root().get(&Value::text(name.to_owned()));
        assert!(matches!(held("m"), Some(Node::Value(Value::Bytes(bytes))) if **bytes == [8, 1]));
        assert!(matches!(held("e"), Some(Node::Value(Value::Int(3)))));
    }
}
