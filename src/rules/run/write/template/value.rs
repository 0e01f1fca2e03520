//! Encodes values as fields.
//!
//! Values are never changed to fit: an integer that a field cannot hold exactly is an error. An `Err` says which value does
//! not fit which type.

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor, Value as Constant};

use crate::cel::Value;
use crate::message::{WireType, key, put_delimited, put_scalar, put_varint, with_length};
use crate::rules::plan::{FieldInfo, JsonForm, takes_null, whole};
use crate::schema::{is_closed, is_null_value, kind_name};

/// The zero of a scalar.
pub(super) fn put_zero(buffer: &mut Vec<u8>, kind: &Kind) {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => buffer.extend_from_slice(&[0; 8]),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => buffer.extend_from_slice(&[0; 4]),
        _ => buffer.extend_from_slice(&[0]),
    }
}

/// A scalar that has its kind's type, without its key.
pub(super) fn put_constant(buffer: &mut Vec<u8>, kind: &Kind, value: &Constant) {
    let fits = put_scalar(buffer, kind, value);
    debug_assert!(fits, "made for another kind");
}

/// A whole field: one value, a list or a map, with its keys.
pub(super) fn put_field(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<(), String> {
    if !field.repeated {
        return put_keyed(buffer, field, value);
    }
    match (field.map_entry(), value) {
        (_, Value::Null) => Ok(()),
        (Some(entry), Value::Map(entries)) => {
            let key_field = FieldInfo::of_field(&entry.map_entry_key_field()).element();
            let value_field = FieldInfo::of_field(&entry.map_entry_value_field()).element();
            for (entry_key, entry_value) in entries {
                put_varint(buffer, key(field.number, WireType::LengthDelimited).into());
                with_length(buffer, |buffer| {
                    put_keyed(buffer, &key_field, entry_key)?;
                    put_keyed(buffer, &value_field, entry_value)
                })?;
            }
            Ok(())
        }
        (None, Value::List(items)) if items.is_empty() => Ok(()),
        (None, Value::List(items)) if field.packed => {
            let element = field.element();
            put_varint(buffer, key(field.number, WireType::LengthDelimited).into());
            let put_items = |buffer: &mut Vec<u8>| {
                items
                    .iter()
                    .try_for_each(|item| put_value(buffer, &element, item).map(drop))
            };
            with_length(buffer, put_items)
        }
        (None, Value::List(items)) => {
            let element = field.element();
            items
                .iter()
                .try_for_each(|item| put_keyed(buffer, &element, item))
        }
        (Some(_), other) => Err(does_not_fit(other, "a map")),
        (None, other) => Err(does_not_fit(other, "a list")),
    }
}

/// One value with its key. Writes nothing for null, or for the default of a field without presence.
fn put_keyed(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<(), String> {
    if matches!(value, Value::Null) && !takes_null(&field.kind) {
        // A field is left unset; an element of a list or an entry of a map cannot be.
        return if field.element {
            Err(does_not_fit(value, kind_name(&field.kind)))
        } else {
            Ok(())
        };
    }
    let start = buffer.len();
    put_varint(buffer, field.key().into());
    let zero = put_value(buffer, field, value)?;
    if zero && !field.presence {
        buffer.truncate(start);
    }
    Ok(())
}

/// One value without its key; returns whether it is the type's zero.
pub(super) fn put_value(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<bool, String> {
    let start = buffer.len();
    match &field.kind {
        Kind::Bool => match value {
            Value::Bool(truth) => put_varint(buffer, u64::from(*truth)),
            _ => return Err(does_not_fit(value, "bool")),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            put_constant(buffer, &field.kind, &Constant::I32(integer(&field.kind, value)?));
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            put_constant(buffer, &field.kind, &Constant::I64(integer(&field.kind, value)?));
        }
        Kind::Uint32 | Kind::Fixed32 => {
            put_constant(buffer, &field.kind, &Constant::U32(integer(&field.kind, value)?));
        }
        Kind::Uint64 | Kind::Fixed64 => {
            put_constant(buffer, &field.kind, &Constant::U64(integer(&field.kind, value)?));
        }
        Kind::Double => buffer.extend_from_slice(&float(&field.kind, value)?.to_le_bytes()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounding is what a float field does"
        )]
        Kind::Float => {
            let number = float(&field.kind, value)?;
            let rounded = number as f32;
            if rounded.is_infinite() && number.is_finite() {
                return Err(format!("{number:?} does not fit float"));
            }
            buffer.extend_from_slice(&rounded.to_le_bytes());
        }
        Kind::String => match value {
            Value::String(text) => put_delimited(buffer, text.as_bytes()),
            Value::Enum(..) | Value::Type(_) => put_delimited(buffer, value.to_text().as_bytes()),
            _ => return Err(does_not_fit(value, "string")),
        },
        Kind::Bytes => match value {
            Value::Bytes(bytes) => put_delimited(buffer, bytes),
            _ => return Err(does_not_fit(value, "bytes")),
        },
        Kind::Enum(descriptor) => put_varint(buffer, i64::from(enum_number(descriptor, value)?) as u64),
        Kind::Message(descriptor) => {
            let well_known = JsonForm::of(descriptor);
            if field.group {
                put_contents(buffer, descriptor, well_known, value)?;
                put_varint(buffer, key(field.number, WireType::EndGroup).into());
            } else {
                with_length(buffer, |buffer| {
                    put_contents(buffer, descriptor, well_known, value)
                })?;
            }
            return Ok(false);
        }
    }
    Ok(buffer[start..].iter().all(|byte| *byte == 0))
}

/// The contents of a message.
pub(super) fn put_contents(
    buffer: &mut Vec<u8>,
    descriptor: &MessageDescriptor,
    well_known: Option<JsonForm>,
    value: &Value<'_>,
) -> Result<(), String> {
    match (value, well_known) {
        (Value::Message(message), _) if message.descriptor.full_name() == descriptor.full_name() => {
            buffer.extend_from_slice(&message.bytes);
            Ok(())
        }
        (_, Some(well_known)) => well_known.put(buffer, descriptor, value),
        _ => Err(does_not_fit(value, descriptor.full_name())),
    }
}

fn integer<T: TryFrom<i128>>(kind: &Kind, value: &Value<'_>) -> Result<T, String> {
    let number = match value {
        Value::Int(number) => i128::from(*number),
        Value::Uint(number) => i128::from(*number),
        Value::Enum(_, number) => i128::from(*number),
        Value::Double(number) => whole(*number).ok_or_else(|| does_not_fit(value, kind_name(kind)))?,
        Value::Float(number) => {
            whole(f64::from(*number)).ok_or_else(|| does_not_fit(value, kind_name(kind)))?
        }
        _ => return Err(does_not_fit(value, kind_name(kind))),
    };
    T::try_from(number).map_err(|_| format!("{number} does not fit {}", kind_name(kind)))
}

fn float(kind: &Kind, value: &Value<'_>) -> Result<f64, String> {
    match value {
        Value::Double(number) => Ok(*number),
        Value::Float(number) => Ok(f64::from(*number)),
        #[expect(clippy::cast_precision_loss, reason = "as JSON's numbers do")]
        Value::Int(number) => Ok(*number as f64),
        #[expect(clippy::cast_precision_loss, reason = "as JSON's numbers do")]
        Value::Uint(number) => Ok(*number as f64),
        _ => Err(does_not_fit(value, kind_name(kind))),
    }
}

fn enum_number(descriptor: &EnumDescriptor, value: &Value<'_>) -> Result<i32, String> {
    let number = match value {
        Value::Enum(found, number) if found.full_name() == descriptor.full_name() => return Ok(*number),
        Value::String(name) => {
            let found = descriptor.get_value_by_name(name).map(|value| value.number());
            return found.ok_or_else(|| format!("the enum {} has no value `{name}`", descriptor.full_name()));
        }
        Value::Null if is_null_value(descriptor) => 0,
        Value::Enum(..) => return Err(does_not_fit(value, descriptor.full_name())),
        _ => integer(&Kind::Int32, value).map_err(|_| does_not_fit(value, descriptor.full_name()))?,
    };
    if descriptor.get_value(number).is_none() && is_closed(descriptor) {
        return Err(format!(
            "the enum {} has no value {number}",
            descriptor.full_name()
        ));
    }
    Ok(number)
}

/// An error such as "3000000000 does not fit int32".
pub(super) fn does_not_fit(value: &Value<'_>, expected: &str) -> String {
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("{text:?}"),
        other => other.to_text(),
    };
    format!("{text} does not fit {expected}")
}
