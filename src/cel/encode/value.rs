//! Encodes values as fields.
//!
//! Values are never changed to fit: an integer that a field cannot hold exactly is an error. The error says which value does
//! not fit which type, and where it stands in lists, maps and messages.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value as Constant};

use super::field::FieldInfo;
use super::json_form::{JsonForm, takes_null};
use super::misfit::Misfit;
use crate::cel::values::{Value, whole};
use crate::excerpt::excerpt;
use crate::message::{WireType, key, put_delimited, put_scalar, put_varint, with_length};
use crate::schema::{is_closed, is_null_value, kind_name};

/// The zero of a scalar.
pub(crate) fn put_zero(buffer: &mut Vec<u8>, kind: &Kind) {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => buffer.extend_from_slice(&[0; 8]),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => buffer.extend_from_slice(&[0; 4]),
        _ => buffer.extend_from_slice(&[0]),
    }
}

/// A scalar that has its kind's type, without its key.
fn put_constant(buffer: &mut Vec<u8>, kind: &Kind, value: &Constant) {
    let fits = put_scalar(buffer, kind, value);
    debug_assert!(fits, "made for another kind");
}

/// A whole field: one value, a list or a map, with its keys. Null leaves it unset.
pub(crate) fn put_field(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<(), Misfit> {
    if !field.repeated {
        return put_singular(buffer, field, value);
    }
    match (&field.entry, value) {
        (_, Value::Null) => Ok(()),
        (Some(entry), Value::Map(entries)) => {
            let [key_field, value_field] = &**entry;
            for (entry_key, entry_value) in entries {
                put_varint(buffer, field.key_of_packed().into());
                with_length(buffer, |buffer| {
                    put_element(buffer, key_field, entry_key)?;
                    put_element(buffer, value_field, entry_value).map_err(|misfit| misfit.in_entry(entry_key))
                })?;
            }
            Ok(())
        }
        (None, Value::List(items)) => put_elements(buffer, field, |put| items.iter().try_for_each(put)),
        (Some(_), other) => Err(Misfit::new(other, "a map")),
        (None, other) => Err(Misfit::new(other, "a list")),
    }
}

/// A list of the elements that `each` gives one after the other, with its keys.
pub(crate) fn put_elements<E>(
    buffer: &mut Vec<u8>,
    field: &FieldInfo,
    each: impl FnOnce(&mut dyn FnMut(&Value<'_>) -> Result<(), Misfit>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = 0;
    let mut counted = |put: Result<(), Misfit>| {
        index += 1;
        put.map_err(|misfit| misfit.in_element(index - 1))
    };
    if !field.packed {
        return each(&mut |item| counted(put_element(buffer, field, item)));
    }
    let start = buffer.len();
    put_varint(buffer, field.key_of_packed().into());
    let contents = buffer.len();
    with_length(buffer, |buffer| {
        each(&mut |item| counted(put_value(buffer, field, item).map(drop)))
    })?;
    if buffer.len() == contents + 1 {
        buffer.truncate(start);
    }
    Ok(())
}

/// A field with one value. Writes nothing for null, or for the default of a field without presence.
fn put_singular(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<(), Misfit> {
    if field.element {
        return put_element(buffer, field, value);
    }
    if matches!(value, Value::Null) && !takes_null(&field.kind) {
        return Ok(());
    }
    let start = buffer.len();
    put_varint(buffer, field.key().into());
    let zero = put_value(buffer, field, value)?;
    if zero && !field.presence {
        buffer.truncate(start);
    }
    Ok(())
}

/// An element of a list, or the key or the value of an entry, with its key. It always has a value.
fn put_element(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<(), Misfit> {
    if matches!(value, Value::Null) && !takes_null(&field.kind) {
        return Err(Misfit::new(value, kind_name(&field.kind)));
    }
    put_varint(buffer, field.key().into());
    put_value(buffer, field, value).map(drop)
}

/// One value without its key; returns whether it is the type's zero.
pub(crate) fn put_value(buffer: &mut Vec<u8>, field: &FieldInfo, value: &Value<'_>) -> Result<bool, Misfit> {
    let start = buffer.len();
    match &field.kind {
        Kind::Bool => match value {
            Value::Bool(truth) => put_varint(buffer, u64::from(*truth)),
            _ => return Err(Misfit::new(value, "bool")),
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
                return Err(Misfit::of_text(&format!("{number:?}"), "float"));
            }
            buffer.extend_from_slice(&rounded.to_le_bytes());
        }
        Kind::String => match value {
            Value::String(text) => put_delimited(buffer, text.as_bytes()),
            Value::Enum(..) | Value::Type(_) => put_delimited(buffer, value.to_text().as_bytes()),
            _ => return Err(Misfit::new(value, "string")),
        },
        Kind::Bytes => match value {
            Value::Bytes(bytes) => put_delimited(buffer, bytes),
            _ => return Err(Misfit::new(value, "bytes")),
        },
        Kind::Enum(descriptor) => put_varint(buffer, i64::from(enum_number(descriptor, value)?) as u64),
        Kind::Message(descriptor) => {
            let form = JsonForm::of(descriptor);
            if field.group {
                put_contents(buffer, descriptor, form, value)?;
                put_varint(buffer, key(field.number, WireType::EndGroup).into());
            } else {
                with_length(buffer, |buffer| put_contents(buffer, descriptor, form, value))?;
            }
            return Ok(false);
        }
    }
    Ok(buffer[start..].iter().all(|byte| *byte == 0))
}

/// The contents of a message.
pub(crate) fn put_contents(
    buffer: &mut Vec<u8>,
    descriptor: &MessageDescriptor,
    form: Option<JsonForm>,
    value: &Value<'_>,
) -> Result<(), Misfit> {
    match (value, form) {
        (Value::Message(message), _) if message.descriptor.full_name() == descriptor.full_name() => {
            buffer.extend_from_slice(&message.bytes);
            Ok(())
        }
        (_, Some(form)) => form.put(buffer, descriptor, value),
        (Value::Map(entries), None) => put_map_as_message(buffer, descriptor, entries),
        _ => Err(Misfit::new(value, descriptor.full_name())),
    }
}

/// A message from a map with the names of its fields as keys. They are written in the order of their numbers.
fn put_map_as_message(
    buffer: &mut Vec<u8>,
    descriptor: &MessageDescriptor,
    entries: &[(Value<'_>, Value<'_>)],
) -> Result<(), Misfit> {
    let mut found: Vec<(FieldInfo, &str, &Value<'_>)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let Value::String(name) = key else {
            let key = key.to_excerpt();
            return Err(Misfit::because(format!(
                "a map with the key {key} does not fit {}: its keys must be the names of fields",
                descriptor.full_name()
            )));
        };
        let Some(field) = FieldInfo::find(descriptor, name) else {
            return Err(Misfit::no_field(descriptor, name));
        };
        let clash = |(other, other_name, _): &(FieldInfo, &str, _)| field.clash(name, other, other_name);
        let is_unset = matches!(value, Value::Null) && (field.repeated || !takes_null(&field.kind));
        if is_unset {
            continue;
        }
        if let Some(message) = found.iter().find_map(clash) {
            return Err(Misfit::because(message));
        }
        found.push((field, name, value));
    }
    for field in descriptor.fields().filter(FieldDescriptor::is_required) {
        if !found.iter().any(|(other, ..)| other.number == field.number()) {
            return Err(Misfit::because(format!(
                "the required field {} is missing",
                field.full_name()
            )));
        }
    }
    found.sort_by_key(|(field, ..)| field.number);
    for (field, name, value) in found {
        put_field(buffer, &field, value).map_err(|misfit| misfit.in_field(name))?;
    }
    Ok(())
}

fn integer<T: TryFrom<i128>>(kind: &Kind, value: &Value<'_>) -> Result<T, Misfit> {
    let misfit = || Misfit::new(value, kind_name(kind));
    let number = match value {
        Value::Int(number) => i128::from(*number),
        Value::Uint(number) => i128::from(*number),
        Value::Enum(_, number) => i128::from(*number),
        Value::Double(number) => whole(*number).ok_or_else(misfit)?,
        Value::Float(number) => whole(f64::from(*number)).ok_or_else(misfit)?,
        _ => return Err(misfit()),
    };
    T::try_from(number).map_err(|_| Misfit::of_text(&number.to_string(), kind_name(kind)))
}

fn float(kind: &Kind, value: &Value<'_>) -> Result<f64, Misfit> {
    match value {
        Value::Double(number) => Ok(*number),
        Value::Float(number) => Ok(f64::from(*number)),
        Value::Int(number) => Ok(*number as f64),
        Value::Uint(number) => Ok(*number as f64),
        _ => Err(Misfit::new(value, kind_name(kind))),
    }
}

fn enum_number(descriptor: &EnumDescriptor, value: &Value<'_>) -> Result<i32, Misfit> {
    let no_value = |value: &str| {
        Misfit::because(format!(
            "the enum {} has no value {value}",
            descriptor.full_name()
        ))
    };
    let number = match value {
        Value::Enum(found, number) if found.full_name() == descriptor.full_name() => return Ok(*number),
        Value::String(name) => {
            let found = descriptor.get_value_by_name(name).map(|value| value.number());
            return found.ok_or_else(|| no_value(&format!("`{}`", excerpt(name))));
        }
        Value::Null if is_null_value(descriptor) => 0,
        Value::Enum(..) => return Err(Misfit::new(value, descriptor.full_name())),
        _ => integer(&Kind::Int32, value).map_err(|_| Misfit::new(value, descriptor.full_name()))?,
    };
    if descriptor.get_value(number).is_none() && is_closed(descriptor) {
        return Err(no_value(&number.to_string()));
    }
    Ok(number)
}
