//! Dynamic messages onto the wire, in one pass.
//!
//! prost-reflect's own encoder visits a nested message once for each level above it, because a length comes before its
//! contents, and it makes a default value to compare each value with. Here lengths are filled in afterwards. The bytes
//! are the same.

use std::convert::Infallible;

use prost::Message as _;
use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};

use super::length::with_length;
use super::wire::{WireType, key, put_delimited, put_varint, zigzag};

/// Appends a message.
///
/// Panics if a value is not of its field's type. prost-reflect refuses to set such a value, but cannot prevent it for
/// callers of `get_field_mut`.
pub(super) fn put_message(buffer: &mut Vec<u8>, message: &DynamicMessage) {
    let descriptor = message.descriptor();
    // Extensions and unknown fields come between the other fields, and cannot be read in that order.
    if descriptor.extension_ranges().len() > 0 || message.unknown_fields().next().is_some() {
        message.encode_raw(buffer);
        return;
    }
    for (field, value) in message.fields() {
        put_field(buffer, &field, value);
    }
}

/// A whole field: one value, a list or a map, with its keys.
fn put_field(buffer: &mut Vec<u8>, field: &FieldDescriptor, value: &Value) {
    let kind = field.kind();
    match (value, &kind) {
        (Value::List(items), _) if field.is_packed() => put_nested(buffer, field.number(), |buffer| {
            for item in items {
                put_scalar_of(buffer, field, &kind, item);
            }
        }),
        (Value::List(items), _) if field.cardinality() == Cardinality::Repeated => {
            for item in items {
                put_element(buffer, field, &kind, item);
            }
        }
        (Value::Map(entries), Kind::Message(entry)) if entry.is_map_entry() => {
            let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            // In order, so that the same message is always the same bytes.
            let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (key, value) in entries {
                put_nested(buffer, field.number(), |buffer| {
                    put_if_due(buffer, &key_field, &key.clone().into());
                    put_if_due(buffer, &value_field, value);
                });
            }
        }
        _ => put_element(buffer, field, &kind, value),
    }
}

/// A field of a map's entry, unless it is the default of a field without presence.
fn put_if_due(buffer: &mut Vec<u8>, field: &FieldDescriptor, value: &Value) {
    if field.supports_presence() || !value.is_default_for_field(field) {
        put_element(buffer, field, &field.kind(), value);
    }
}

/// One value with its key.
fn put_element(buffer: &mut Vec<u8>, field: &FieldDescriptor, kind: &Kind, value: &Value) {
    let number = field.number();
    match (value, kind) {
        (Value::Message(message), Kind::Message(_)) if field.is_group() => {
            put_varint(buffer, key(number, WireType::StartGroup).into());
            put_message(buffer, message);
            put_varint(buffer, key(number, WireType::EndGroup).into());
        }
        (Value::Message(message), Kind::Message(_)) => {
            put_nested(buffer, number, |buffer| put_message(buffer, message));
        }
        _ => {
            put_varint(buffer, key(number, wire_type(kind)).into());
            put_scalar_of(buffer, field, kind, value);
        }
    }
}

/// A key, a length, and its contents.
fn put_nested(buffer: &mut Vec<u8>, number: u32, contents: impl FnOnce(&mut Vec<u8>)) {
    put_varint(buffer, key(number, WireType::LengthDelimited).into());
    let Ok(()) = with_length::<Infallible>(buffer, |buffer| {
        contents(buffer);
        Ok(())
    });
}

fn put_scalar_of(buffer: &mut Vec<u8>, field: &FieldDescriptor, kind: &Kind, value: &Value) {
    assert!(
        put_scalar(buffer, kind, value),
        "{} holds a value that is not of its type",
        field.full_name()
    );
}

/// A scalar without its key. Returns `false` if the value is not of that kind.
#[must_use]
pub(crate) fn put_scalar(buffer: &mut Vec<u8>, kind: &Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Bool, Value::Bool(truth)) => put_varint(buffer, u64::from(*truth)),
        (Kind::Int32, Value::I32(number)) => put_varint(buffer, i64::from(*number) as u64),
        (Kind::Sint32, Value::I32(number)) => put_varint(buffer, zigzag((*number).into())),
        (Kind::Sfixed32, Value::I32(number)) => buffer.extend_from_slice(&number.to_le_bytes()),
        (Kind::Int64, Value::I64(number)) => put_varint(buffer, *number as u64),
        (Kind::Sint64, Value::I64(number)) => put_varint(buffer, zigzag(*number)),
        (Kind::Sfixed64, Value::I64(number)) => buffer.extend_from_slice(&number.to_le_bytes()),
        (Kind::Uint32, Value::U32(number)) => put_varint(buffer, u64::from(*number)),
        (Kind::Fixed32, Value::U32(number)) => buffer.extend_from_slice(&number.to_le_bytes()),
        (Kind::Uint64, Value::U64(number)) => put_varint(buffer, *number),
        (Kind::Fixed64, Value::U64(number)) => buffer.extend_from_slice(&number.to_le_bytes()),
        (Kind::Float, Value::F32(number)) => buffer.extend_from_slice(&number.to_le_bytes()),
        (Kind::Double, Value::F64(number)) => buffer.extend_from_slice(&number.to_le_bytes()),
        (Kind::Enum(_), Value::EnumNumber(number)) => put_varint(buffer, i64::from(*number) as u64),
        (Kind::String, Value::String(text)) => put_delimited(buffer, text.as_bytes()),
        (Kind::Bytes, Value::Bytes(bytes)) => put_delimited(buffer, bytes),
        _ => return false,
    }
    true
}

/// The wire type of one value of that kind; for a message, the one outside groups.
pub(crate) fn wire_type(kind: &Kind) -> WireType {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Fixed64,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Fixed32,
        Kind::String | Kind::Bytes | Kind::Message(_) => WireType::LengthDelimited,
        _ => WireType::Varint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    #[should_panic(expected = "M.text holds a value that is not of its type")]
    fn a_value_of_another_type_is_told_by_the_field_that_holds_it() {
        let schema = Schema::from_source(
            "m.proto",
            r#"syntax = "proto3"; message M { string text = 1; } service S { rpc Do(M) returns (M); }"#,
        )
        .unwrap();
        let mut message = DynamicMessage::new(schema.method("S/Do").unwrap().input().clone());
        *message.get_field_by_name_mut("text").unwrap() = Value::I32(7);
        put_message(&mut Vec::new(), &message);
    }
}
