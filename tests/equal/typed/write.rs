//! Writes it.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};
use serde::Serialize;
use serde::ser::{SerializeMap as _, SerializeStruct as _, Serializer};
use serde_bytes::Bytes;

use super::{Fitting, Part, is_option, is_wide, name_of, parts};

impl Serialize for Fitting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_message(&self.0, serializer)
    }
}

fn write_message<S: Serializer>(message: &DynamicMessage, serializer: S) -> Result<S::Ok, S::Error> {
    let parts = parts(&message.descriptor());
    let mut fields = serializer.serialize_struct("Fitting", parts.len())?;
    for part in &parts {
        match part {
            Part::Field(field) if is_option(field) && !field.is_list() && !field.is_map() => {
                let value = message.has_field(field).then(|| Given::of(message, field));
                fields.serialize_field(part.name(), &value)?;
            }
            Part::Field(field) => fields.serialize_field(part.name(), &Given::of(message, field))?,
            Part::Oneof(oneof) => {
                let member = oneof.fields().find(|field| message.has_field(field));
                let member = member.map(|field| Member(name_of(&field), Given::of(message, &field)));
                fields.serialize_field(part.name(), &member)?;
            }
        }
    }
    fields.end()
}

/// A value, as the type of Rust that holds it.
struct Given<'v> {
    value: Cow<'v, Value>,
    kind: Kind,
    is_wide: bool,
}

impl<'v> Given<'v> {
    fn of(message: &'v DynamicMessage, field: &FieldDescriptor) -> Self {
        Self {
            value: message.get_field(field),
            kind: field.kind(),
            is_wide: is_wide(field),
        }
    }
}

impl Serialize for Given<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let given = |value| Given {
            value: Cow::Borrowed(value),
            kind: self.kind.clone(),
            is_wide: self.is_wide,
        };
        match (&*self.value, &self.kind) {
            (Value::I32(number), _) if self.is_wide => i64::from(*number).serialize(serializer),
            (Value::I64(number), _) if self.is_wide => i128::from(*number).serialize(serializer),
            (Value::U32(number), _) if self.is_wide => i64::from(*number).serialize(serializer),
            (Value::U64(number), _) if self.is_wide => u128::from(*number).serialize(serializer),
            (Value::F32(number), _) if self.is_wide => f64::from(*number).serialize(serializer),
            (Value::Bytes(bytes), _) if self.is_wide => serializer.collect_seq(bytes.iter()),
            (Value::EnumNumber(number), Kind::Enum(of)) if self.is_wide => match of.get_value(*number) {
                Some(value) => value.name().serialize(serializer),
                None => number.to_string().serialize(serializer),
            },
            (Value::Bool(truth), _) => truth.serialize(serializer),
            (Value::I32(number) | Value::EnumNumber(number), _) => number.serialize(serializer),
            (Value::I64(number), _) => number.serialize(serializer),
            (Value::U32(number), _) => number.serialize(serializer),
            (Value::U64(number), _) => number.serialize(serializer),
            (Value::F32(number), _) => number.serialize(serializer),
            (Value::F64(number), _) => number.serialize(serializer),
            (Value::String(text), _) => text.serialize(serializer),
            (Value::Bytes(bytes), _) => Bytes::new(bytes).serialize(serializer),
            (Value::Message(message), _) => write_message(message, serializer),
            (Value::List(values), _) => serializer.collect_seq(values.iter().map(given)),
            (Value::Map(entries), Kind::Message(entry)) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    let key = Given {
                        value: Cow::Owned(key.clone().into()),
                        kind: entry.map_entry_key_field().kind(),
                        is_wide: false,
                    };
                    let value = Given {
                        kind: entry.map_entry_value_field().kind(),
                        ..given(value)
                    };
                    map.serialize_entry(&key, &value)?;
                }
                map.end()
            }
            (Value::Map(_), kind) => unreachable!("a map of {kind:?}"),
        }
    }
}

/// The variant that stands for a member.
struct Member<'v>(&'static str, Given<'v>);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant("Member", 0, self.0, &self.1)
    }
}
