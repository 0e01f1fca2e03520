//! Decodes bytes into dynamic messages as C++ and Java read them, where prost-reflect is stricter or more lenient.
//!
//! Strings that need not be UTF-8, as those of proto2, may be any bytes, and prost-reflect holds Rust strings. What is not
//! UTF-8 in them becomes U+FFFD, as in Java; the bytes of a message that is only passed on stay as they came.
//!
//! Some enums are closed, as those of proto2: a number that such a one does not name is an unknown field. prost-reflect keeps
//! it as the field's value, so that it is encoded again; [`known_value`] tells what readers see.

use std::borrow::Cow;

use bytes::Bytes;
use prost::DecodeError;
use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MessageDescriptor, Value};

use super::check::MAX_DEPTH;
use super::wire::{Malformed, Reader, WireType, key, put_delimited, put_varint};
use crate::schema::{is_closed, verifies_utf8};

/// Decodes a message.
pub(crate) fn decode_dynamic(
    descriptor: &MessageDescriptor,
    bytes: Bytes,
) -> Result<DynamicMessage, DecodeError> {
    DynamicMessage::decode(descriptor.clone(), bytes.clone()).or_else(|error| {
        match with_valid_strings(descriptor, &bytes, MAX_DEPTH) {
            Ok(Some(valid)) => DynamicMessage::decode(descriptor.clone(), valid.as_slice()),
            _ => Err(error),
        }
    })
}

/// The message with U+FFFD in the strings that are not UTF-8 and need not be; `None` if there are none.
fn with_valid_strings(
    descriptor: &MessageDescriptor,
    bytes: &[u8],
    depth: u32,
) -> Result<Option<Vec<u8>>, Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
    let mut valid = Vec::with_capacity(bytes.len());
    let mut replaced = false;
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let start = reader.position();
        let (number, wire_type) = reader.key()?;
        let contents = match wire_type {
            WireType::LengthDelimited => reader.delimited()?,
            WireType::StartGroup => group(&mut reader, bytes, number)?,
            _ => {
                reader.skip(number, wire_type, depth)?;
                &[]
            }
        };
        let new = match field_kind(descriptor, number) {
            Some((Kind::String, false)) => match String::from_utf8_lossy(contents) {
                Cow::Owned(text) => Some(text.into_bytes()),
                Cow::Borrowed(_) => None,
            },
            Some((Kind::Message(message), _)) => with_valid_strings(&message, contents, depth)?,
            _ => None,
        };
        match (new, wire_type) {
            (Some(new), WireType::LengthDelimited) => {
                put_varint(&mut valid, key(number, wire_type).into());
                put_delimited(&mut valid, &new);
                replaced = true;
            }
            (Some(new), WireType::StartGroup) => {
                put_varint(&mut valid, key(number, WireType::StartGroup).into());
                valid.extend_from_slice(&new);
                put_varint(&mut valid, key(number, WireType::EndGroup).into());
                replaced = true;
            }
            _ => valid.extend_from_slice(&bytes[start..reader.position()]),
        }
    }
    Ok(replaced.then_some(valid))
}

/// What is between the tags of a group; the reader is after its first tag.
fn group<'b>(reader: &mut Reader<'b>, bytes: &'b [u8], group: u32) -> Result<&'b [u8], Malformed> {
    let start = reader.position();
    loop {
        let end = reader.position();
        match reader.key()? {
            (number, WireType::EndGroup) if number == group => return Ok(&bytes[start..end]),
            (number, wire_type) => {
                reader.skip(number, wire_type, MAX_DEPTH)?;
            }
        }
    }
}

/// The type of a field or an extension, and whether it has to be UTF-8 if it is a string.
fn field_kind(descriptor: &MessageDescriptor, number: u32) -> Option<(Kind, bool)> {
    if let Some(field) = descriptor.get_field(number) {
        let syntax = descriptor.parent_file().syntax();
        return Some((
            field.kind(),
            verifies_utf8(field.field_descriptor_proto(), syntax),
        ));
    }
    let extension = descriptor.get_extension(number)?;
    let syntax = extension.parent_file().syntax();
    Some((
        extension.kind(),
        verifies_utf8(extension.field_descriptor_proto(), syntax),
    ))
}

/// The value of a field without what a closed enum does not name; `None` if that leaves the field unset. An entry of a
/// map is left out as a whole.
pub(crate) fn known_value<'v>(value: &'v Value, kind: &Kind) -> Option<Cow<'v, Value>> {
    match (value, kind) {
        (Value::EnumNumber(_), Kind::Enum(enumeration)) => {
            is_known(value, enumeration).then_some(Cow::Borrowed(value))
        }
        (Value::List(items), Kind::Enum(enumeration)) => {
            if items.iter().all(|item| is_known(item, enumeration)) {
                return Some(Cow::Borrowed(value));
            }
            let known: Vec<Value> = items
                .iter()
                .filter(|item| is_known(item, enumeration))
                .cloned()
                .collect();
            (!known.is_empty()).then_some(Cow::Owned(Value::List(known)))
        }
        (Value::Map(entries), Kind::Message(entry)) if entry.is_map_entry() => {
            let Kind::Enum(enumeration) = entry.map_entry_value_field().kind() else {
                return Some(Cow::Borrowed(value));
            };
            if entries.values().all(|value| is_known(value, &enumeration)) {
                return Some(Cow::Borrowed(value));
            }
            let known = entries.iter().filter(|(_, value)| is_known(value, &enumeration));
            let known: std::collections::HashMap<_, _> =
                known.map(|(key, value)| (key.clone(), value.clone())).collect();
            (!known.is_empty()).then_some(Cow::Owned(Value::Map(known)))
        }
        _ => Some(Cow::Borrowed(value)),
    }
}

fn is_known(value: &Value, enumeration: &EnumDescriptor) -> bool {
    match value {
        Value::EnumNumber(number) => !is_closed(enumeration) || enumeration.get_value(*number).is_some(),
        _ => true,
    }
}
