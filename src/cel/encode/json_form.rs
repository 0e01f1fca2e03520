//! The well-known types, which ProtoJSON writes in forms of their own.

use prost_reflect::prost::Message as _;
use prost_reflect::{Kind, MessageDescriptor};
use serde::de::DeserializeSeed as _;

use crate::schema;

/// A message type with a JSON form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonForm {
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    /// `StringValue` and the like: messages with one field, `value`.
    Wrapper,
    Any,
}

impl JsonForm {
    pub(crate) fn of(descriptor: &MessageDescriptor) -> Option<Self> {
        Some(match schema::WellKnown::of(descriptor)? {
            schema::WellKnown::Timestamp => Self::Timestamp,
            schema::WellKnown::Duration => Self::Duration,
            schema::WellKnown::FieldMask => Self::FieldMask,
            schema::WellKnown::Struct => Self::Struct,
            schema::WellKnown::Value => Self::Value,
            schema::WellKnown::ListValue => Self::ListValue,
            schema::WellKnown::Any => Self::Any,
            schema::WellKnown::Wrapper => Self::Wrapper,
            schema::WellKnown::Empty => return None,
        })
    }
}

/// Whether null is a value of that kind rather than "unset": of `google.protobuf.Value` and `NullValue`.
pub(crate) fn takes_null(kind: &Kind) -> bool {
    match kind {
        Kind::Message(message) => JsonForm::of(message) == Some(JsonForm::Value),
        Kind::Enum(enumeration) => schema::is_null_value(enumeration),
        _ => false,
    }
}

/// The URL by which an Any names a message type.
pub(crate) fn type_url(full_name: &str) -> String {
    format!("type.googleapis.com/{full_name}")
}

/// The bytes of a message that is a string in JSON.
pub(crate) fn from_json_text(
    descriptor: &MessageDescriptor,
    text: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::Value::String(text.to_owned());
    Ok(descriptor.clone().deserialize(json)?.encode_to_vec())
}
