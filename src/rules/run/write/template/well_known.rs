//! Writes values into the well-known types.

use prost_reflect::MessageDescriptor;

use super::json::{put_json, put_list, put_struct};
use super::value::{does_not_fit, put_field};
use crate::cel::Value;
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::rules::plan::{FieldInfo, JsonForm, from_json_text, type_url};

impl JsonForm {
    /// Writes a value other than a message of this type.
    pub(super) fn put(
        self,
        buffer: &mut Vec<u8>,
        descriptor: &MessageDescriptor,
        value: &Value<'_>,
    ) -> Result<(), String> {
        match (self, value) {
            (Self::Timestamp, Value::Timestamp { seconds, nanos })
            | (Self::Duration, Value::Duration { seconds, nanos }) => {
                put_time(buffer, *seconds, *nanos);
                Ok(())
            }
            (Self::Timestamp | Self::Duration | Self::FieldMask, Value::String(text)) => {
                let bytes = from_json_text(descriptor, text)
                    .map_err(|_| does_not_fit(value, descriptor.full_name()))?;
                buffer.extend_from_slice(&bytes);
                Ok(())
            }
            (Self::Value, _) => put_json(buffer, value),
            (Self::Struct, _) => put_struct(buffer, value),
            (Self::ListValue, _) => put_list(buffer, value),
            (Self::Wrapper, _) => match FieldInfo::numbered(descriptor, 1) {
                Some(field) if !matches!(value, Value::Message(_)) => put_field(buffer, &field, value),
                _ => Err(does_not_fit(value, descriptor.full_name())),
            },
            (Self::Any, Value::Message(message)) => {
                put_varint(buffer, key(1, WireType::LengthDelimited).into());
                put_delimited(buffer, type_url(message.descriptor.full_name()).as_bytes());
                put_varint(buffer, key(2, WireType::LengthDelimited).into());
                put_delimited(buffer, &message.bytes);
                Ok(())
            }
            _ => Err(does_not_fit(value, descriptor.full_name())),
        }
    }
}

/// `seconds` and `nanos`, which Timestamp and Duration share.
fn put_time(buffer: &mut Vec<u8>, seconds: i64, nanos: i32) {
    for (number, value) in [(1, seconds), (2, i64::from(nanos))] {
        if value != 0 {
            put_varint(buffer, key(number, WireType::Varint).into());
            put_varint(buffer, value as u64);
        }
    }
}
