//! Messages from and to ProtoJSON.
//!
//! Binary decoding and serde_json both bound their nesting; a `google.protobuf.Any` inside an `Any` does not,
//! since each level is decoded anew. It is bounded here, so that no request can overflow a stack.

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use super::json_input::{normalize, read_normal};
use super::json_output::{JsonStyle, serialize_json};
use super::{MAX_DEPTH, Message, MessageError};

impl Message {
    /// Reads ProtoJSON: fields by their proto or JSON name; unknown fields are errors, and so are fields that come
    /// twice.
    pub fn from_json(descriptor: MessageDescriptor, json: &str) -> Result<Self, MessageError> {
        let message = if let Some(value) = normalize(&descriptor, json).map_err(MessageError::json)? {
            read_normal(descriptor, value)
        } else {
            // From the text, so that an error has its line and column.
            DynamicMessage::deserialize(descriptor, &mut serde_json::Deserializer::from_str(json))
        };
        let message = message.map_err(MessageError::json)?;
        Ok(Self::from_dynamic(message))
    }

    /// Writes ProtoJSON on one line, with JSON names; fields that are unset or at their default are left out.
    pub fn to_json(&self) -> Result<String, MessageError> {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut json);
        let message = self.to_dynamic()?;
        check_each(&message, MAX_DEPTH, check_time)?;
        serialize_json(&message, &JsonStyle::default(), &mut serializer).map_err(MessageError::json)?;
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }
}

/// Walks through the message and through what its `Any`s hold, and fails below `depth` levels.
pub(crate) fn check_any_depth(message: &DynamicMessage, depth: u32) -> Result<(), MessageError> {
    check_each(message, depth, |_| Ok(()))
}

/// The same, with a check of each message on the way.
fn check_each(
    message: &DynamicMessage,
    depth: u32,
    check: fn(&DynamicMessage) -> Result<(), MessageError>,
) -> Result<(), MessageError> {
    let depth = depth.checked_sub(1).ok_or_else(MessageError::any_too_deep)?;
    if message.descriptor().full_name() == "google.protobuf.Any" {
        return match any_contents(message) {
            Some(contents) => check_each(&contents, depth, check),
            None => Ok(()),
        };
    }
    check(message)?;
    let check_value = |value: &Value| match value {
        Value::Message(message) => check_each(message, depth, check),
        _ => Ok(()),
    };
    message
        .fields()
        .map(|(_, value)| value)
        .chain(message.extensions().map(|(_, value)| value))
        .try_for_each(|value| match value {
            Value::List(values) => values.iter().try_for_each(check_value),
            Value::Map(values) => values.values().try_for_each(check_value),
            value => check_value(value),
        })
}

/// Fails on times that no text can say; prost-reflect would bring them into range.
fn check_time(message: &DynamicMessage) -> Result<(), MessageError> {
    let descriptor = message.descriptor();
    let name = descriptor.full_name();
    let (is_duration, is_timestamp) = (
        name == "google.protobuf.Duration",
        name == "google.protobuf.Timestamp",
    );
    if !is_duration && !is_timestamp {
        return Ok(());
    }
    let seconds = message.get_field_by_number(1).and_then(|value| value.as_i64());
    let nanos = message.get_field_by_number(2).and_then(|value| value.as_i32());
    let (seconds, nanos) = (seconds.unwrap_or_default(), nanos.unwrap_or_default());
    let fits = if is_duration {
        let one_sign = seconds.signum() * i64::from(nanos.signum()) >= 0;
        seconds.unsigned_abs() <= 315_576_000_000 && nanos.unsigned_abs() < 1_000_000_000 && one_sign
    } else {
        (-62_135_596_800..=253_402_300_799).contains(&seconds) && (0..1_000_000_000).contains(&nanos)
    };
    if fits {
        Ok(())
    } else {
        Err(MessageError::time_out_of_range(name))
    }
}

/// The message inside an `Any`, where its type is known and it decodes; JSON printing fails on others by itself.
fn any_contents(any: &DynamicMessage) -> Option<DynamicMessage> {
    let (type_url, value) = (any.get_field_by_number(1)?, any.get_field_by_number(2)?);
    let name = type_url.as_str()?.rsplit('/').next()?;
    let descriptor = any.descriptor().parent_pool().get_message_by_name(name)?;
    DynamicMessage::decode(descriptor, value.as_bytes()?.clone()).ok()
}
