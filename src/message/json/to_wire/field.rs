//! What a field holds: one value, a list, a map, or null.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::number::{expected, key_of};
use super::parts::{FieldSeed, ValueSeed};
use super::raw::Style;
use super::writer::{Step, Writer};
use crate::excerpt::excerpt;
use crate::message::wire::{Reader, WireType, unzigzag};
use crate::schema::{JsonForm, JsonKind, WellKnown};

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'s, 'w> FieldSeed<'s, 'w> {
    /// Whether null is a value of the field and does not stand for none.
    fn has_null(&self) -> bool {
        match (self.field.form, self.field.kind) {
            (JsonForm::One, JsonKind::Null) => true,
            (JsonForm::One, JsonKind::Message(id) | JsonKind::Group(id)) => {
                let fields = self.writer.layouts.json_fields(id);
                fields.well_known == Some(WellKnown::Value)
            }
            _ => false,
        }
    }

    fn one(self) -> ValueSeed<'s, 'w> {
        let FieldSeed {
            writer,
            fields,
            field,
        } = self;
        ValueSeed {
            writer,
            fields,
            kind: field.kind,
            style: if field.has_presence {
                Style::Keyed(field.key)
            } else {
                Style::UnlessZero(field.key)
            },
        }
    }
}

impl<'de> Visitor<'de> for FieldSeed<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a field, or null")
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        let has_null = self.has_null();
        if has_null {
            self.one().deserialize(().into_deserializer())?;
        }
        Ok(has_null)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        match self.field.form {
            JsonForm::One => self.one().deserialize(deserializer)?,
            JsonForm::List { packed } => deserializer.deserialize_any(ListVisitor { of: self, packed })?,
            JsonForm::Map { key } => deserializer.deserialize_any(MapVisitor { of: self, key })?,
        }
        Ok(true)
    }
}

/// The elements of a list.
struct ListVisitor<'s, 'w> {
    of: FieldSeed<'s, 'w>,
    packed: bool,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let FieldSeed {
            writer,
            fields,
            field,
        } = self.of;
        writer.nest()?;
        let start = writer.buffer.len();
        let packed = self
            .packed
            .then(|| writer.open_length(field.number << 3 | WireType::LengthDelimited as u32));
        let style = match packed {
            Some(_) => Style::Packed,
            None => Style::Keyed(field.key),
        };
        let mut count = 0;
        loop {
            let element = elements.next_element_seed(ValueSeed {
                writer: &mut *writer,
                fields,
                kind: field.kind,
                style,
            });
            match element.inspect_err(|_| writer.path.push(Step::Index(count)))? {
                Some(()) => count += 1,
                None => break,
            }
        }
        match packed {
            Some(_) if count == 0 => writer.buffer.truncate(start),
            Some(length) => writer.close_length(length),
            None => {}
        }
        writer.unnest();
        Ok(())
    }
}

/// The entries of a map.
struct MapVisitor<'s, 'w> {
    of: FieldSeed<'s, 'w>,
    key: JsonKind,
}

impl<'de> Visitor<'de> for MapVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the entries of a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        /// The number of an entry's value, as it is in keys.
        const VALUE: u32 = 2 << 3;

        let FieldSeed {
            writer,
            fields,
            field,
        } = self.of;
        writer.nest()?;
        let style = Style::Keyed(VALUE | field.kind.wire_type());
        loop {
            let start = writer.buffer.len();
            let entry = writer.open_length(field.key);
            let key = writer.buffer.len();
            let kind = self.key;
            if entries
                .next_key_seed(KeySeed {
                    writer: &mut *writer,
                    kind,
                })?
                .is_none()
            {
                writer.buffer.truncate(start);
                break;
            }
            writer.spend()?;
            let end = writer.buffer.len();
            let value = entries.next_value_seed(ValueSeed {
                writer: &mut *writer,
                fields,
                kind: field.kind,
                style,
            });
            value.inspect_err(|_| {
                let step = Step::Key(key_text(self.key, &writer.buffer[key..end]));
                writer.path.push(step);
            })?;
            writer.close_length(entry);
        }
        writer.unnest();
        Ok(())
    }
}

/// A key of a map, which is written as the key of an entry.
struct KeySeed<'s, 'w> {
    writer: &'s mut Writer<'w>,
    kind: JsonKind,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as the key of a map", expected(self.kind))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        /// The number of an entry's key, as it is in keys.
        const KEY: u32 = 1 << 3;

        match key_of(self.kind, text) {
            Some(raw) => self.writer.put(raw, Style::Keyed(KEY | self.kind.wire_type())),
            None => Err(E::invalid_value(Unexpected::Str(&excerpt(text)), &self)),
        }
    }
}

/// The text of a key that was written, cut if it is long.
pub(super) fn key_text(kind: JsonKind, written: &[u8]) -> String {
    let mut reader = Reader::new(written);
    let text = reader.key().and_then(|_| {
        Ok(match kind {
            JsonKind::String => excerpt(&String::from_utf8_lossy(reader.delimited()?)).into_owned(),
            JsonKind::Bool => (reader.varint()? != 0).to_string(),
            JsonKind::Fixed32 => reader.fixed32()?.to_string(),
            JsonKind::Fixed64 => reader.fixed64()?.to_string(),
            JsonKind::Sfixed32 => reader.fixed32()?.cast_signed().to_string(),
            JsonKind::Sfixed64 => reader.fixed64()?.cast_signed().to_string(),
            JsonKind::Uint32 | JsonKind::Uint64 => reader.varint()?.to_string(),
            JsonKind::Sint32 | JsonKind::Sint64 => unzigzag(reader.varint()?).to_string(),
            _ => reader.varint()?.cast_signed().to_string(),
        })
    });
    text.unwrap_or_default()
}
