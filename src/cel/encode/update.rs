//! Partial updates: a message with the fields that another one sets, or with those that a field mask names.
//!
//! The two may be of different types, as a stored message and the request that changes it are: fields go by their names.
//! What is updated may also be a map whose keys are the names of fields. Without a mask, messages in the message are updated
//! field by field, and lists and maps are replaced; a field that a mask names is as the other message has it, unset too.

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, Kind};

use super::change::changed;
use super::field::FieldInfo;
use super::update_scalars::{masked_scalars, merged_scalars};
use super::value::put_field;
use crate::cel::budget::Budget;
use crate::cel::fields::{FieldReader, WireFields};
use crate::cel::store::TreeKey;
use crate::cel::values::{EvalError, Evaluated, MessageValue, Value, no_overload};
use crate::excerpt::excerpt;
use crate::schema::{field_called, field_name};

/// `old` with the fields that `new` sets.
pub(in crate::cel) fn update<'e>(old: Value<'e>, new: Value<'e>, budget: &Budget) -> Evaluated<Value<'e>> {
    match (old, new) {
        (Value::Message(old), Value::Message(new)) => match merged_scalars(&old, &new, budget)? {
            Some(bytes) => Ok(Value::Message(MessageValue {
                bytes: bytes.into(),
                ..old
            })),
            None => merged(Value::Message(old).into_owned(), &new, budget),
        },
        (old @ Value::Map(_), Value::Message(new)) => merged(old.into_owned(), &new, budget),
        (old, new) => no_overload("update", &[&old, &new]),
    }
}

/// `old` with the fields of `new` that the mask names. An empty mask names those that are set, and `*` names all.
pub(in crate::cel) fn update_by_mask<'e>(
    old: Value<'e>,
    new: Value<'e>,
    mask: Value<'e>,
    budget: &Budget,
) -> Evaluated<Value<'e>> {
    let (old, new, mask) = match (old, new, mask) {
        (old @ (Value::Message(_) | Value::Map(_)), Value::Message(new), Value::Message(mask)) => {
            if let Value::Message(before) = &old
                && let Some(bytes) = masked_scalars(before, &new, &mask.bytes, budget)?
            {
                let descriptor = before.descriptor.clone();
                return Ok(Value::Message(MessageValue {
                    descriptor,
                    bytes: bytes.into(),
                }));
            }
            (old.into_owned(), new, mask)
        }
        (old, new, mask) => return no_overload("update", &[&old, &new, &mask]),
    };
    let paths = FieldReader::by_name(&mask.descriptor, "paths");
    let paths = paths
        .map(|paths| paths.read(&mask.bytes, budget))
        .transpose()?
        .flatten();
    let Some(Value::List(paths)) = paths else {
        return merged(old, &new, budget);
    };
    if paths.is_empty() {
        return merged(old, &new, budget);
    }
    let mut updated = old;
    for path in paths {
        let Value::String(path) = path else { continue };
        updated = if path == "*" {
            replaced(updated, &new, budget)?
        } else {
            masked(updated, &new, &path, budget)?
        };
    }
    Ok(updated)
}

/// `old` with the fields that `new` sets, and that it has, too.
pub(super) fn merged(
    old: Value<'static>,
    new: &MessageValue<'_>,
    budget: &Budget,
) -> Evaluated<Value<'static>> {
    let mut numbers = BTreeSet::new();
    let mut fields = WireFields::new(&new.bytes);
    while let Some((number, _)) = fields.next()? {
        numbers.insert(number);
    }
    let mut updated = old;
    for number in numbers {
        let Some(field) = new
            .descriptor
            .get_field(number)
            .filter(|field| has(&updated, field))
        else {
            continue;
        };
        let reader = FieldReader::of(&field);
        let Some(value) = read(&reader, new, budget)?.filter(|value| is_set(&field, value)) else {
            continue;
        };
        let value = match value {
            Value::Message(inner) if holds_fields(&reader) => match part(&updated, &field, budget)? {
                Some(before) => merged(before, &inner, budget)?,
                None => Value::Message(inner).into_owned(),
            },
            value => value.into_owned(),
        };
        updated = set(updated, &field, value, budget)?;
    }
    Ok(updated)
}

/// `old` with all fields that both have as they are in `new`.
fn replaced(old: Value<'static>, new: &MessageValue<'_>, budget: &Budget) -> Evaluated<Value<'static>> {
    let mut updated = old;
    for field in new.descriptor.fields() {
        if has(&updated, &field) {
            let value = read(&FieldReader::of(&field), new, budget)?;
            updated = set(
                updated,
                &field,
                value.map_or(Value::Null, Value::into_owned),
                budget,
            )?;
        }
    }
    Ok(updated)
}

/// `old` with the field at the path as it is in `new`.
pub(super) fn masked(
    old: Value<'static>,
    new: &MessageValue<'_>,
    path: &str,
    budget: &Budget,
) -> Evaluated<Value<'static>> {
    let wrong = |what: &str| {
        let (path, message) = (excerpt(path), new.descriptor.full_name());
        EvalError::bad_request(format!(
            "the field mask names `{path}`, and {message} has no such {what}"
        ))
    };
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let field = field_called(&new.descriptor, name);
    let field = field.ok_or_else(|| wrong("field"))?;
    let reader = FieldReader::of(&field);
    let value = read(&reader, new, budget)?;
    let Some(rest) = rest else {
        return set(old, &field, value.map_or(Value::Null, Value::into_owned), budget);
    };
    let Some(descriptor) = reader.sub_message().filter(|_| holds_fields(&reader)) else {
        return Err(wrong("part"));
    };
    let before = part(&old, &field, budget)?;
    let inner = match value {
        Some(Value::Message(inner)) => inner,
        // There is nothing to be changed or removed.
        None if before.is_none() => return Ok(old),
        _ => MessageValue {
            descriptor: descriptor.clone(),
            bytes: Vec::new().into(),
        },
    };
    let after = masked(before.unwrap_or(Value::Map(Vec::new())), &inner, rest, budget)?;
    set(old, &field, after, budget)
}

/// Whether a value has a field of this name. A map takes all but the masks, which say only how it is updated.
fn has(value: &Value<'_>, field: &FieldDescriptor) -> bool {
    match value {
        Value::Message(message) => FieldInfo::find(&message.descriptor, field_name(field)).is_some(),
        _ => {
            !matches!(field.kind(), Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask")
        }
    }
}

/// Whether it is one message whose fields are read by their names.
fn holds_fields(reader: &FieldReader) -> bool {
    reader.form.is_none() && reader.sub_message().is_some()
}

/// Whether a field with this value is set: zero does not count where it is the same as unset.
fn is_set(field: &FieldDescriptor, value: &Value<'_>) -> bool {
    let mut bytes = Vec::new();
    put_field(&mut bytes, &FieldInfo::of_field(field), value).is_err() || !bytes.is_empty()
}

fn read<'m>(
    reader: &FieldReader,
    message: &'m MessageValue<'_>,
    budget: &Budget,
) -> Evaluated<Option<Value<'m>>> {
    budget.charge(2)?;
    budget.charge_read(message.bytes.len())?;
    reader.read(&message.bytes, budget)
}

/// What a value has under the name of a field.
fn part(
    value: &Value<'static>,
    field: &FieldDescriptor,
    budget: &Budget,
) -> Evaluated<Option<Value<'static>>> {
    match value {
        Value::Message(message) => match FieldReader::by_name(&message.descriptor, field_name(field)) {
            Some(reader) => Ok(read(&reader, message, budget)?.map(Value::into_owned)),
            None => Ok(None),
        },
        Value::Map(entries) => {
            let name = key_of(value, field);
            let found = entries
                .iter()
                .find(|(key, _)| matches!(key, Value::String(key) if *key == name));
            Ok(found.map(|(_, value)| value.clone()))
        }
        _ => Ok(None),
    }
}

fn set(
    old: Value<'static>,
    field: &FieldDescriptor,
    value: Value<'static>,
    budget: &Budget,
) -> Evaluated<Value<'static>> {
    budget.charge(2)?;
    budget.charge_making(&old)?;
    let key = TreeKey::Text(key_of(&old, field).to_owned());
    changed(old, &[key], value).map_err(EvalError::new)
}

/// The key of a field in a value: a map may have its JSON name.
fn key_of<'f>(value: &Value<'_>, field: &'f FieldDescriptor) -> &'f str {
    let has_json_name = match value {
        Value::Map(entries) => entries
            .iter()
            .any(|(key, _)| matches!(key, Value::String(key) if key == field.json_name())),
        _ => false,
    };
    if has_json_name {
        field.json_name()
    } else {
        field_name(field)
    }
}
