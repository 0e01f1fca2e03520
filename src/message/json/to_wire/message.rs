//! Messages and their fields.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::parts::{
    AnyVisitor, FieldMaskVisitor, FieldSeed, ListValueVisitor, MessageSeed, StructVisitor, TimeVisitor,
    ValueSeed, ValueVisitor,
};
use super::raw::Style;
use super::writer::{Step, Writer};
use crate::excerpt::excerpt;
use crate::schema::{JsonFields, WellKnown};
use crate::suggest;

impl<'de> DeserializeSeed<'de> for MessageSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let writer = self.writer;
        let open = writer.open(self.place)?;
        let fields = writer.layouts.json_fields(self.message);
        match fields.well_known {
            None | Some(WellKnown::Empty) => {
                deserializer.deserialize_map(MessageVisitor { writer, fields })?;
            }
            Some(WellKnown::Any) => deserializer.deserialize_map(AnyVisitor { writer })?,
            Some(WellKnown::Wrapper) => {
                let field = fields.list.first();
                let field = field.ok_or_else(|| D::Error::custom("the type has no value"))?;
                let style = Style::UnlessZero(field.key);
                let kind = field.kind;
                deserializer.deserialize_any(ValueSeed {
                    writer,
                    fields,
                    kind,
                    style,
                })?;
            }
            Some(which @ (WellKnown::Timestamp | WellKnown::Duration)) => {
                deserializer.deserialize_str(TimeVisitor { writer, which })?;
            }
            Some(WellKnown::FieldMask) => deserializer.deserialize_str(FieldMaskVisitor { writer })?,
            Some(WellKnown::Struct) => deserializer.deserialize_map(StructVisitor { writer })?,
            Some(WellKnown::ListValue) => deserializer.deserialize_seq(ListValueVisitor { writer })?,
            Some(WellKnown::Value) => deserializer.deserialize_any(ValueVisitor { writer })?,
        }
        writer.close(open);
        Ok(())
    }
}

/// An object with a message's fields.
struct MessageVisitor<'s, 'w> {
    writer: &'s mut Writer<'w>,
    fields: &'w JsonFields,
}

impl<'de> Visitor<'de> for MessageVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.writer.nest()?;
        read_fields(self.writer, self.fields, entries, false)?;
        self.writer.unnest();
        Ok(())
    }
}

/// Reads the fields of a message. `has_type` says that one of the entries is the type of an `Any`, which is known already.
pub(super) fn read_fields<'de, 'w, A: MapAccess<'de>>(
    writer: &mut Writer<'w>,
    fields: &'w JsonFields,
    mut entries: A,
    mut has_type: bool,
) -> Result<(), A::Error> {
    let seen = writer.begin_seen(fields.list.len() + fields.oneofs.len());
    let mut guess = 0;
    while let Some(name) = entries.next_key_seed(NameSeed {
        fields,
        guess,
        has_type,
    })? {
        let Name::Field(index) = name else {
            has_type = false;
            entries.next_value::<IgnoredAny>()?;
            continue;
        };
        guess = index + 1;
        let field = &fields.list[index];
        if !writer.see(&seen, index) {
            return Err(A::Error::custom(format_args!(
                "field '{}' is there twice",
                field.name
            )));
        }
        let is_set = entries.next_value_seed(FieldSeed {
            writer: &mut *writer,
            fields,
            field,
        });
        let is_set = is_set.inspect_err(|_| writer.path.push(Step::Field(&field.name)))?;
        if let Some(oneof) = field.oneof
            && is_set
            && !writer.see(&seen, fields.list.len() + oneof)
        {
            return Err(A::Error::custom(format_args!(
                "field '{}' is there beside another of the oneof '{}', which holds one",
                field.name, fields.oneofs[oneof]
            )));
        }
    }
    writer.end_seen(&seen);
    Ok(())
}

/// The name of a field.
struct NameSeed<'w> {
    fields: &'w JsonFields,
    /// The index of the field that is tried first: most writers have an order.
    guess: usize,
    has_type: bool,
}

/// What a key names.
enum Name {
    /// The field with this index.
    Field(usize),
    /// The type of an `Any`.
    Type,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        if let Some(index) = self.fields.named(name, self.guess) {
            return Ok(Name::Field(index));
        }
        if self.has_type && name == TYPE {
            return Ok(Name::Type);
        }
        let known = self.fields.list.iter().map(|field| &*field.name);
        Err(unknown(name, known))
    }
}

/// The key of an `Any`'s type.
pub(super) const TYPE: &str = "@type";

#[cold]
pub(super) fn unknown<'k, E: Error>(name: &str, known: impl ExactSizeIterator<Item = &'k str>) -> E {
    E::custom(format_args!(
        "unrecognized field name '{}'{}",
        excerpt(name),
        suggest::clause(name, known)
    ))
}
