//! Writes values into the well-known types.

use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::field::FieldInfo;
use super::json::{put_json, put_list, put_struct};
use super::json_form::{JsonForm, from_json_text, type_url};
use super::misfit::Misfit;
use super::value::{put_contents, put_field};
use crate::cel::values::Value;
use crate::excerpt::excerpt;
use crate::message::{WireType, key, put_delimited, put_varint, with_length};

impl JsonForm {
    /// Writes a value other than a message of this type.
    pub(super) fn put(
        self,
        buffer: &mut Vec<u8>,
        descriptor: &MessageDescriptor,
        value: &Value<'_>,
    ) -> Result<(), Misfit> {
        match (self, value) {
            (Self::Timestamp, Value::Timestamp { seconds, nanos })
            | (Self::Duration, Value::Duration { seconds, nanos }) => {
                put_time(buffer, *seconds, *nanos);
                Ok(())
            }
            (Self::Timestamp | Self::Duration | Self::FieldMask, Value::String(text)) => {
                let bytes = from_json_text(descriptor, text)
                    .map_err(|_| Misfit::new(value, descriptor.full_name()))?;
                buffer.extend_from_slice(&bytes);
                Ok(())
            }
            (Self::Value, _) => put_json(buffer, value),
            (Self::Struct, _) => put_struct(buffer, value),
            (Self::ListValue, _) => put_list(buffer, value),
            (Self::Wrapper, _) => match FieldInfo::numbered(descriptor, 1) {
                Some(field) if !matches!(value, Value::Message(_)) => put_field(buffer, &field, value),
                _ => Err(Misfit::new(value, descriptor.full_name())),
            },
            (Self::Any, Value::Message(message)) => {
                put_type_url(buffer, message.descriptor.full_name());
                put_delimited(buffer, &message.bytes);
                Ok(())
            }
            (Self::Any, Value::Map(entries)) => put_any(buffer, descriptor, entries),
            (Self::Any, _) => match packed_as(value) {
                Some(name) => put_packed(buffer, descriptor, name, value),
                None => Err(Misfit::new(value, descriptor.full_name())),
            },
            _ => Err(Misfit::new(value, descriptor.full_name())),
        }
    }
}

/// The name of the type that an Any holds, and the key of its contents.
fn put_type_url(buffer: &mut Vec<u8>, full_name: &str) {
    put_varint(buffer, key(1, WireType::LengthDelimited).into());
    put_delimited(buffer, type_url(full_name).as_bytes());
    put_varint(buffer, key(2, WireType::LengthDelimited).into());
}

/// The message that stands for a value which is none, as CEL has it.
fn packed_as(value: &Value<'_>) -> Option<&'static str> {
    Some(match value {
        Value::Bool(_) => "google.protobuf.BoolValue",
        Value::Int(_) => "google.protobuf.Int64Value",
        Value::Uint(_) => "google.protobuf.UInt64Value",
        Value::Double(_) => "google.protobuf.DoubleValue",
        Value::Float(_) => "google.protobuf.FloatValue",
        Value::String(_) => "google.protobuf.StringValue",
        Value::Bytes(_) => "google.protobuf.BytesValue",
        Value::Duration { .. } => "google.protobuf.Duration",
        Value::Timestamp { .. } => "google.protobuf.Timestamp",
        Value::List(_) => "google.protobuf.ListValue",
        _ => return None,
    })
}

/// An Any that holds a message of that name. It has its descriptor from the global pool, where the schema may have none.
fn put_packed(
    buffer: &mut Vec<u8>,
    any: &MessageDescriptor,
    name: &str,
    value: &Value<'_>,
) -> Result<(), Misfit> {
    let own = any.parent_pool().get_message_by_name(name);
    let Some(packed) = own.or_else(|| DescriptorPool::global().get_message_by_name(name)) else {
        return Err(Misfit::new(value, any.full_name()));
    };
    put_type_url(buffer, name);
    let form = JsonForm::of(&packed);
    with_length(buffer, |buffer| put_contents(buffer, &packed, form, value))
}

/// An Any from a map: the type by `@type`, and its fields beside it.
fn put_any(
    buffer: &mut Vec<u8>,
    any: &MessageDescriptor,
    entries: &[(Value<'_>, Value<'_>)],
) -> Result<(), Misfit> {
    let is_type =
        |entry: &&(Value<'_>, Value<'_>)| matches!(&entry.0, Value::String(name) if name == "@type");
    let Some((_, Value::String(url))) = entries.iter().find(is_type) else {
        return Err(Misfit::because("a map needs `@type` to fit google.protobuf.Any"));
    };
    let name = url.rsplit_once('/').map_or(&**url, |(_, name)| name);
    let Some(packed) = any.parent_pool().get_message_by_name(name) else {
        return Err(Misfit::because(format!(
            "there is no message type `{}`",
            excerpt(name)
        )));
    };
    let rest: Vec<_> = entries.iter().filter(|entry| !is_type(entry)).cloned().collect();
    put_type_url(buffer, packed.full_name());
    let form = JsonForm::of(&packed);
    with_length(buffer, |buffer| match (form, rest.as_slice()) {
        (Some(_), [(Value::String(only), value)]) if only == "value" => {
            put_contents(buffer, &packed, form, value).map_err(|misfit| misfit.in_field("value"))
        }
        (Some(_), _) => Err(Misfit::because(format!(
            "a {} in an Any is written as `@type` and `value`",
            packed.full_name()
        ))),
        (None, _) => put_contents(buffer, &packed, None, &Value::Map(rest.clone())),
    })
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
