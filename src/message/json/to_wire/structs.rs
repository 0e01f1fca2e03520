//! `Struct`, `ListValue` and `Value`: any JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::field::key_text;
use super::parts::{ListValueVisitor, StructVisitor, ValueVisitor};
use super::raw::{Raw, Style};
use super::writer::{Place, Step, Writer};
use crate::message::wire::{WireType, key};
use crate::schema::JsonKind;

// The keys of the fields that google's proto gives these types.
const STRUCT_FIELDS: u32 = key(1, WireType::LengthDelimited);
const ENTRY_KEY: u32 = key(1, WireType::LengthDelimited);
const ENTRY_VALUE: u32 = key(2, WireType::LengthDelimited);
const LIST_VALUES: u32 = key(1, WireType::LengthDelimited);
const NULL: u32 = key(1, WireType::Varint);
const NUMBER: u32 = key(2, WireType::Fixed64);
const STRING: u32 = key(3, WireType::LengthDelimited);
const BOOL: u32 = key(4, WireType::Varint);
const STRUCT: u32 = key(5, WireType::LengthDelimited);
const LIST: u32 = key(6, WireType::LengthDelimited);

impl<'de> Visitor<'de> for StructVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let writer = self.writer;
        writer.nest()?;
        loop {
            let start = writer.buffer.len();
            let entry = writer.open_length(STRUCT_FIELDS);
            let before = writer.buffer.len();
            let name = entries.next_key_seed(NameSeed { writer: &mut *writer })?;
            if name.is_none() {
                writer.buffer.truncate(start);
                break;
            }
            writer.spend()?;
            let end = writer.buffer.len();
            let value = entries.next_value_seed(NestedSeed {
                writer: &mut *writer,
                key: ENTRY_VALUE,
            });
            value.inspect_err(|_| {
                let name = key_text(JsonKind::String, &writer.buffer[before..end]);
                writer.path.push(Step::Key(name));
            })?;
            writer.close_length(entry);
        }
        writer.unnest();
        Ok(())
    }
}

impl<'de> Visitor<'de> for ListValueVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let writer = self.writer;
        writer.nest()?;
        let mut count = 0;
        loop {
            let element = elements.next_element_seed(NestedSeed {
                writer: &mut *writer,
                key: LIST_VALUES,
            });
            match element.inspect_err(|_| writer.path.push(Step::Index(count)))? {
                Some(()) => count += 1,
                None => break,
            }
        }
        writer.unnest();
        Ok(())
    }
}

impl<'w> ValueVisitor<'_, 'w> {
    /// Writes a message in the one field of the value.
    fn nested<E: Error>(
        self,
        key: u32,
        contents: impl FnOnce(&mut Writer<'w>) -> Result<(), E>,
    ) -> Result<(), E> {
        let open = self.writer.open(Place::Key(key))?;
        contents(&mut *self.writer)?;
        self.writer.close(open);
        Ok(())
    }
}

impl<'de> Visitor<'de> for ValueVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.writer.put(Raw::Varint(0), Style::Keyed(NULL))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.writer.put(Raw::Varint(value.into()), Style::Keyed(BOOL))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.writer
            .put(Raw::Fixed64(value.to_bits()), Style::Keyed(NUMBER))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.writer.put(Raw::Bytes(text.as_bytes()), Style::Keyed(STRING))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.nested(LIST, |writer| ListValueVisitor { writer }.visit_seq(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.nested(STRUCT, |writer| StructVisitor { writer }.visit_map(entries))
    }
}

/// A `Value` behind a key.
struct NestedSeed<'s, 'w> {
    writer: &'s mut Writer<'w>,
    key: u32,
}

impl<'de> DeserializeSeed<'de> for NestedSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let writer = self.writer;
        let open = writer.open(Place::Key(self.key))?;
        deserializer.deserialize_any(ValueVisitor { writer })?;
        writer.close(open);
        Ok(())
    }
}

/// The name of a member, which is written as the key of an entry.
struct NameSeed<'s, 'w> {
    writer: &'s mut Writer<'w>,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        self.writer
            .put(Raw::Bytes(name.as_bytes()), Style::UnlessZero(ENTRY_KEY))
    }
}
