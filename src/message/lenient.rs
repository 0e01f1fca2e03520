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

use crate::schema::{is_closed, with_valid_texts};

/// Decodes a message.
pub(crate) fn decode_dynamic(
    descriptor: &MessageDescriptor,
    bytes: Bytes,
) -> Result<DynamicMessage, DecodeError> {
    let decoded = DynamicMessage::decode(descriptor.clone(), bytes.clone());
    decoded.or_else(|error| match with_valid_texts(descriptor, &bytes) {
        Some(valid) => DynamicMessage::decode(descriptor.clone(), valid.as_slice()),
        None => Err(error),
    })
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
