//! Messages from and to ProtoJSON.
//!
//! Binary decoding and serde_json both bound their nesting; a `google.protobuf.Any` inside an `Any` does not,
//! since each level is decoded anew. It is bounded here, so that no request can overflow a stack; and so is what an
//! `Any` holds, which nobody has counted before.

use std::cell::OnceCell;

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use super::json_input::{normalize, read_normal};
use super::json_output::{JsonStyle, serialize_json};
use super::{Bounds, MAX_DEPTH, Message, MessageError, check};
use crate::schema::{Layouts, WellKnown};

impl Message {
    /// Reads ProtoJSON: fields by their proto or JSON name.
    ///
    /// Fails, with the line and column where that can be told, on what is no JSON or is nested too deep for a parser; on
    /// fields that the type does not have, or that come twice; on values that do not fit their field, such as
    /// numbers out of range and names that an enum does not have; and on an `Any` of a type that the schema does not
    /// have.
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
    ///
    /// Fails where [`to_dynamic`](Self::to_dynamic) does, and on what JSON cannot say: a `Timestamp` or `Duration` out of
    /// range, a `google.protobuf.Value` that is not finite, a path of a `FieldMask` that has no form in camel case, an
    /// `Any` whose type the schema does not have or whose contents are malformed. Messages deeper than 100 levels, those
    /// in `Any`s counted, are an error too, and so is an `Any` with more elements than [`decode`](Self::decode) takes.
    pub fn to_json(&self) -> Result<String, MessageError> {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut json);
        let message = self.to_dynamic()?;
        Walk::new(check_time).each(&message, MAX_DEPTH)?;
        serialize_json(&message, &JsonStyle::default(), &mut serializer).map_err(MessageError::json)?;
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }
}

/// Walks through the message and through what its `Any`s hold, and fails below `depth` levels, or where an `Any` holds
/// more elements than a message may.
pub(crate) fn check_any_depth(message: &DynamicMessage, depth: u32) -> Result<(), MessageError> {
    Walk::new(|_| Ok(())).each(message, depth)
}

/// The same, with a check of each message on the way.
struct Walk {
    check: fn(&DynamicMessage) -> Result<(), MessageError>,
    /// Of the pool that all the messages are of, once an `Any` is so large that its elements are to be counted.
    layouts: OnceCell<Layouts>,
}

impl Walk {
    fn new(check: fn(&DynamicMessage) -> Result<(), MessageError>) -> Self {
        let layouts = OnceCell::new();
        Self { check, layouts }
    }

    fn each(&self, message: &DynamicMessage, depth: u32) -> Result<(), MessageError> {
        let depth = depth.checked_sub(1).ok_or_else(MessageError::any_too_deep)?;
        if WellKnown::of(&message.descriptor()) == Some(WellKnown::Any) {
            return match self.any_contents(message)? {
                Some(contents) => self.each(&contents, depth),
                None => Ok(()),
            };
        }
        (self.check)(message)?;
        let check_value = |value: &Value| match value {
            Value::Message(message) => self.each(message, depth),
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

    /// The message inside an `Any`, where its type is known and it decodes; JSON printing fails on others by itself.
    fn any_contents(&self, any: &DynamicMessage) -> Result<Option<DynamicMessage>, MessageError> {
        let (type_url, value) = (any.get_field_by_number(1), any.get_field_by_number(2));
        let name = type_url.as_ref().and_then(|url| url.as_str()?.rsplit('/').next());
        let pool = any.descriptor().parent_pool().clone();
        let held = name.and_then(|name| pool.get_message_by_name(name));
        let bytes = value.as_ref().and_then(|value| value.as_bytes());
        let (Some(held), Some(bytes)) = (held, bytes) else {
            return Ok(None);
        };
        let bounds = Bounds::default();
        // No element takes less than a byte.
        if bytes.len() > bounds.max_elements as usize {
            let layouts = self.layouts.get_or_init(|| Layouts::of_pool(&pool));
            let layout = layouts.find(held.full_name()).expect("it is of the pool");
            match check(layouts, layout, bytes, bounds).map_err(MessageError::from) {
                Err(error) if error.is_too_large() => return Err(error),
                // What is malformed fails to decode.
                _ => {}
            }
        }
        Ok(DynamicMessage::decode(held, bytes.clone()).ok())
    }
}

/// Fails on times that no text can say; prost-reflect would bring them into range.
fn check_time(message: &DynamicMessage) -> Result<(), MessageError> {
    let descriptor = message.descriptor();
    let is_duration = match WellKnown::of(&descriptor) {
        Some(WellKnown::Duration) => true,
        Some(WellKnown::Timestamp) => false,
        _ => return Ok(()),
    };
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
        Err(MessageError::time_out_of_range(descriptor.full_name()))
    }
}
