//! Changes a part of a value: an entry of a map, or a field of a message.

use std::borrow::Cow;

use super::field::FieldInfo;
use super::misfit::Misfit;
use super::value::put_field;
use crate::cel::budget::Budget;
use crate::cel::fields::FieldReader;
use crate::cel::store::TreeKey;
use crate::cel::values::{MessageValue, Told, Value};
use crate::message::{MAX_DEPTH, Malformed, Reader};

/// The value with the part at a path set to `new`, or removed if that is null. Maps on the way are made where there are none.
pub(in crate::cel) fn changed(
    value: Value<'static>,
    path: &[TreeKey],
    new: Value<'static>,
) -> Result<Value<'static>, Misfit> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(new);
    };
    match value {
        Value::Message(message) => change_field(message, key, rest, new).map(Value::Message),
        Value::Null => change_entry(Vec::new(), key, rest, new),
        Value::Map(entries) => change_entry(entries, key, rest, new),
        other => Err(no_parts(&other)),
    }
}

/// A value is none of which parts can be set.
pub(in crate::cel) fn no_parts(value: &Value<'_>) -> Misfit {
    Misfit::because(match value {
        Value::List(_) => "it is a list, which is set as a whole".to_owned(),
        other => format!("it is {}, which has no parts to be set", other.to_excerpt()),
    })
}

fn change_entry(
    mut entries: Vec<(Value<'static>, Value<'static>)>,
    key: &TreeKey,
    rest: &[TreeKey],
    new: Value<'static>,
) -> Result<Value<'static>, Misfit> {
    let place = entries
        .iter()
        .position(|(other, _)| TreeKey::of(other).as_ref() == Some(key));
    let before = place.map_or(Value::Null, |place| {
        std::mem::replace(&mut entries[place].1, Value::Null)
    });
    let after = changed(before, rest, new).map_err(|misfit| misfit.in_entry(&key.to_value()))?;
    match (place, after) {
        (Some(place), Value::Null) => drop(entries.remove(place)),
        (None, Value::Null) => {}
        (Some(place), after) => entries[place].1 = after,
        (None, after) => entries.push((key.to_value(), after)),
    }
    Ok(Value::Map(entries))
}

fn change_field(
    message: MessageValue<'static>,
    key: &TreeKey,
    rest: &[TreeKey],
    new: Value<'static>,
) -> Result<MessageValue<'static>, Misfit> {
    let descriptor = &message.descriptor;
    let TreeKey::Text(name) = key else {
        return Err(Misfit::no_field(descriptor, &key.to_text()));
    };
    let (Some(field), Some(reader)) = (
        FieldInfo::find(descriptor, name),
        FieldReader::by_name(descriptor, name),
    ) else {
        return Err(Misfit::no_field(descriptor, name));
    };
    let in_field = |misfit: Misfit| misfit.in_field(name);
    let after = if rest.is_empty() {
        new
    } else {
        let before = reader.read(&message.bytes, &Budget::default());
        let before = before.map_err(|error| Misfit::because(error.into_told()))?;
        let before = before.map_or_else(|| reader.default.clone(), Value::into_owned);
        changed(before, rest, new).map_err(in_field)?
    };
    let mut bytes = Vec::with_capacity(message.bytes.len());
    let mut written = Vec::new();
    put_field(&mut written, &field, &after).map_err(in_field)?;
    // Setting a member of a oneof removes the others.
    let sets = !written.is_empty();
    let removed = |number: u32| number == field.number || sets && reader.siblings.contains(&number);
    let spans = field_spans(&message.bytes)
        .map_err(|malformed| Misfit::because(Told::without_values(malformed.to_string())))?;
    let mut written = Some(written.as_slice());
    for (number, span) in spans {
        if number > field.number {
            bytes.extend_from_slice(written.take().unwrap_or_default());
        }
        if !removed(number) {
            bytes.extend_from_slice(&message.bytes[span]);
        }
    }
    bytes.extend_from_slice(written.take().unwrap_or_default());
    Ok(MessageValue {
        descriptor: message.descriptor.clone(),
        bytes: Cow::Owned(bytes),
    })
}

/// The fields of a message: their numbers, and where each stands with its key.
fn field_spans(bytes: &[u8]) -> Result<Vec<(u32, std::ops::Range<usize>)>, Malformed> {
    let mut spans = Vec::new();
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let start = reader.position();
        let (number, wire_type) = reader.key()?;
        reader.skip(number, wire_type, MAX_DEPTH)?;
        spans.push((number, start..reader.position()));
    }
    Ok(spans)
}
