//! Well-known types from the form that one writes them in: times from text, JSON from JSON.

use serde_json::Value;

use super::scalar::Encoded;
use super::writer::Writer;
use crate::message::message::Message;
use crate::message::snake::put_snake;
use crate::message::typed::error::TypedError;
use crate::message::typed::times::{parse_duration, parse_timestamp};
use crate::schema::{LayoutId, WellKnown};

/// Writes the fields of a timestamp or a duration.
pub(super) fn put_time(writer: &mut Writer<'_>, which: WellKnown, text: &str) -> Result<(), TypedError> {
    let (seconds, nanos) = match which {
        WellKnown::Timestamp => parse_timestamp(text)?,
        _ => parse_duration(text)?,
    };
    for (number, value) in [(1, seconds as u64), (2, i64::from(nanos) as u64)] {
        if value != 0 {
            Encoded::Varint(value).put_field(number, writer.buffer);
        }
    }
    Ok(())
}

/// Writes the paths of a field mask that ProtoJSON wrote.
pub(super) fn put_mask(writer: &mut Writer<'_>, text: &str) {
    for path in text.split(',').filter(|path| !path.is_empty()) {
        let mut snake = Vec::with_capacity(path.len());
        put_snake(&mut snake, path);
        Encoded::Delimited(&snake).put_field(1, writer.buffer);
    }
}

/// Writes the fields of a `Struct`, `Value` or `ListValue` that stands for some JSON.
pub(super) fn put_json(writer: &mut Writer<'_>, which: WellKnown, json: &Value) -> Result<(), TypedError> {
    match (which, json) {
        (WellKnown::Struct, Value::Object(members)) => {
            for (name, value) in members {
                let entry = writer.open_length(1);
                if !name.is_empty() {
                    Encoded::Delimited(name.as_bytes()).put_field(1, writer.buffer);
                }
                put_nested(writer, 2, WellKnown::Value, value)?;
                writer.close_length(entry);
            }
            Ok(())
        }
        (WellKnown::ListValue, Value::Array(elements)) => elements
            .iter()
            .try_for_each(|element| put_nested(writer, 1, WellKnown::Value, element)),
        (WellKnown::Struct, _) => Err(TypedError::new(
            "a google.protobuf.Struct cannot hold what is no map",
        )),
        (WellKnown::ListValue, _) => Err(TypedError::new(
            "a google.protobuf.ListValue cannot hold what is no list",
        )),
        (_, json) => {
            let number = match json {
                Value::Null => return put(writer, 1, Encoded::Varint(0)),
                Value::Number(number) => number,
                Value::String(text) => return put(writer, 3, Encoded::Delimited(text.as_bytes())),
                Value::Bool(truth) => return put(writer, 4, Encoded::Varint((*truth).into())),
                Value::Object(_) => return put_nested(writer, 5, WellKnown::Struct, json),
                Value::Array(_) => return put_nested(writer, 6, WellKnown::ListValue, json),
            };
            let number = number
                .as_f64()
                .ok_or_else(|| TypedError::new("a number is out of range"))?;
            put(writer, 2, Encoded::Fixed64(number.to_bits()))
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends the function that calls it")]
fn put(writer: &mut Writer<'_>, number: u32, value: Encoded<'_>) -> Result<(), TypedError> {
    value.put_field(number, writer.buffer);
    Ok(())
}

fn put_nested(
    writer: &mut Writer<'_>,
    number: u32,
    which: WellKnown,
    json: &Value,
) -> Result<(), TypedError> {
    let open = writer.open(number, false)?;
    put_json(writer, which, json)?;
    writer.close(open)
}

/// Writes the fields of an `Any` from its ProtoJSON.
pub(super) fn put_any(writer: &mut Writer<'_>, message: LayoutId, json: &Value) -> Result<(), TypedError> {
    let descriptor = writer.layouts.get(message).descriptor.clone();
    let any = Message::from_json(descriptor, &json.to_string());
    any.map_err(|error| TypedError::new(error.to_string()))?
        .encode(writer.buffer);
    Ok(())
}
