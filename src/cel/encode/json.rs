//! `google.protobuf.Value`, `Struct` and `ListValue`: JSON inside messages.

use super::misfit::Misfit;
use crate::cel::values::Value;
use crate::message::{WireType, key, put_delimited, put_varint, with_length};
use crate::schema::WellKnown;

/// The largest number that all doubles up to it are exact for.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// The fields of `google.protobuf.Value`.
mod number {
    pub(super) const NULL: u32 = 1;
    pub(super) const NUMBER: u32 = 2;
    pub(super) const STRING: u32 = 3;
    pub(super) const BOOL: u32 = 4;
    pub(super) const STRUCT: u32 = 5;
    pub(super) const LIST: u32 = 6;
}

fn put_key(buffer: &mut Vec<u8>, number: u32, wire_type: WireType) {
    put_varint(buffer, key(number, wire_type).into());
}

/// A `google.protobuf.Value`.
pub(super) fn put_json(buffer: &mut Vec<u8>, value: &Value<'_>) -> Result<(), Misfit> {
    match value {
        Value::Null => {
            put_key(buffer, number::NULL, WireType::Varint);
            put_varint(buffer, 0);
        }
        Value::Bool(truth) => {
            put_key(buffer, number::BOOL, WireType::Varint);
            put_varint(buffer, u64::from(*truth));
        }
        // As ProtoJSON has it: a number that a double cannot hold exactly is a text.
        Value::Int(number) if number.unsigned_abs() > MAX_EXACT => put_text(buffer, &number.to_string()),
        Value::Uint(number) if *number > MAX_EXACT => put_text(buffer, &number.to_string()),
        Value::Int(number) => put_number(buffer, *number as f64),
        Value::Uint(number) => put_number(buffer, *number as f64),
        Value::Double(number) => put_number(buffer, *number),
        Value::Float(number) => put_number(buffer, f64::from(*number)),
        Value::String(text) => put_text(buffer, text),
        Value::Bytes(_)
        | Value::Duration { .. }
        | Value::Timestamp { .. }
        | Value::Enum(..)
        | Value::Type(_) => {
            put_text(buffer, &value.to_text());
        }
        Value::List(_) => {
            put_key(buffer, number::LIST, WireType::LengthDelimited);
            with_length(buffer, |buffer| put_list(buffer, value))?;
        }
        Value::Map(_) => {
            put_key(buffer, number::STRUCT, WireType::LengthDelimited);
            with_length(buffer, |buffer| put_struct(buffer, value))?;
        }
        Value::Message(message) => match WellKnown::of(&message.descriptor) {
            Some(WellKnown::Value) => buffer.extend_from_slice(&message.bytes),
            Some(WellKnown::Struct) => {
                put_key(buffer, number::STRUCT, WireType::LengthDelimited);
                put_delimited(buffer, &message.bytes);
            }
            Some(WellKnown::ListValue) => {
                put_key(buffer, number::LIST, WireType::LengthDelimited);
                put_delimited(buffer, &message.bytes);
            }
            Some(WellKnown::Empty) => {
                put_key(buffer, number::STRUCT, WireType::LengthDelimited);
                put_delimited(buffer, &[]);
            }
            Some(WellKnown::FieldMask) => match message.to_message().to_json() {
                Ok(json) => put_text(buffer, json.trim_matches('"')),
                Err(error) => return Err(Misfit::because(error.to_string())),
            },
            _ => return Err(Misfit::new(value, "google.protobuf.Value")),
        },
    }
    Ok(())
}

fn put_number(buffer: &mut Vec<u8>, number: f64) {
    put_key(buffer, number::NUMBER, WireType::Fixed64);
    buffer.extend_from_slice(&number.to_le_bytes());
}

fn put_text(buffer: &mut Vec<u8>, text: &str) {
    put_key(buffer, number::STRING, WireType::LengthDelimited);
    put_delimited(buffer, text.as_bytes());
}

/// A `google.protobuf.ListValue`.
pub(super) fn put_list(buffer: &mut Vec<u8>, value: &Value<'_>) -> Result<(), Misfit> {
    let Value::List(items) = value else {
        return Err(Misfit::new(value, "google.protobuf.ListValue"));
    };
    for (index, item) in items.iter().enumerate() {
        put_key(buffer, 1, WireType::LengthDelimited);
        with_length(buffer, |buffer| put_json(buffer, item)).map_err(|misfit| misfit.in_element(index))?;
    }
    Ok(())
}

/// A `google.protobuf.Struct`.
pub(super) fn put_struct(buffer: &mut Vec<u8>, value: &Value<'_>) -> Result<(), Misfit> {
    let Value::Map(entries) = value else {
        return Err(Misfit::new(value, "google.protobuf.Struct"));
    };
    for (name, value) in entries {
        put_key(buffer, 1, WireType::LengthDelimited);
        with_length(buffer, |buffer| {
            put_key(buffer, 1, WireType::LengthDelimited);
            put_delimited(buffer, name.to_text().as_bytes());
            put_key(buffer, 2, WireType::LengthDelimited);
            with_length(buffer, |buffer| put_json(buffer, value))
        })
        .map_err(|misfit: Misfit| misfit.in_entry(name))?;
    }
    Ok(())
}
