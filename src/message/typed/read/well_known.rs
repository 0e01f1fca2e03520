//! Well-known types in the form that one writes them in: times as text, JSON as JSON.

use prost_reflect::Kind;
use serde_json::{Map, Number, Value};

use super::reader::{Pieces, Reader};
use super::scalar::Scalar;
use crate::message::message::Message;
use crate::message::typed::error::TypedError;
use crate::message::typed::times::{duration_text, timestamp_text};
use crate::message::wire::Reader as WireReader;
use crate::schema::{Detail, Field, Form, LayoutId, ValueType, WellKnown};

/// Calls `each` with the fields of a message that are there.
fn for_each_field<'de>(
    reader: &mut Reader<'de>,
    message: LayoutId,
    pieces: Pieces,
    mut each: impl FnMut(&mut Reader<'de>, &'de Field, Pieces) -> Result<(), TypedError>,
) -> Result<(), TypedError> {
    let fields = reader.layouts.fields(message);
    let keys = fields.all_keys();
    let mark = reader.mark();
    let slots = reader.find(message, keys, pieces)?;
    for (slot, index) in keys.slots.iter().zip(slots..) {
        if let Some(pieces) = reader.found(index) {
            each(reader, fields.field(slot.field), pieces)?;
        }
    }
    reader.forget(&mark);
    Ok(())
}

fn scalar<'de>(reader: &Reader<'de>, kind: &Kind, pieces: Pieces) -> Result<Scalar<'de>, TypedError> {
    Scalar::read(kind, &mut WireReader::new(reader.scalar_bytes(pieces)))
}

/// The value in a wrapper.
pub(super) fn unwrapped<'de>(
    reader: &mut Reader<'de>,
    message: LayoutId,
    of: &ValueType,
    pieces: Pieces,
) -> Result<Scalar<'de>, TypedError> {
    let mut value = Scalar::zero(&of.kind, 0);
    for_each_field(reader, message, pieces, |reader, _, pieces| {
        value = scalar(reader, &of.kind, pieces)?;
        Ok(())
    })?;
    Ok(value)
}

/// A timestamp as RFC 3339, or a duration in seconds.
pub(super) fn time_text(
    reader: &mut Reader<'_>,
    which: WellKnown,
    message: LayoutId,
    pieces: Pieces,
) -> Result<String, TypedError> {
    let (mut seconds, mut nanos) = (0, 0);
    for_each_field(reader, message, pieces, |reader, field, pieces| {
        let Form::One(value) = &field.form else {
            return Ok(());
        };
        match scalar(reader, &value.kind, pieces)? {
            Scalar::I64(number) => seconds = number,
            Scalar::I32(number) => nanos = number,
            _ => {}
        }
        Ok(())
    })?;
    match which {
        WellKnown::Timestamp => timestamp_text(seconds, nanos),
        _ => duration_text(seconds, nanos),
    }
}

/// The paths of a field mask, as ProtoJSON writes them.
pub(super) fn mask_text(
    reader: &mut Reader<'_>,
    message: LayoutId,
    pieces: Pieces,
) -> Result<String, TypedError> {
    let mut text = String::new();
    for_each_field(reader, message, pieces, |reader, _, pieces| {
        let mut left = Some(pieces);
        while let Some(pieces) = left {
            let piece;
            (piece, left) = reader.split(pieces);
            if !text.is_empty() {
                text.push(',');
            }
            let path = String::from_utf8_lossy(reader.slice(piece));
            let mut upper = false;
            for letter in path.chars() {
                match letter {
                    '_' => upper = true,
                    _ if upper => {
                        text.push(letter.to_ascii_uppercase());
                        upper = false;
                    }
                    _ => text.push(letter),
                }
            }
        }
        Ok(())
    })?;
    Ok(text)
}

/// Whether a message stands for any JSON.
pub(super) fn is_json(which: Option<WellKnown>) -> bool {
    matches!(
        which,
        Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue)
    )
}

/// The JSON that a `Struct`, `Value` or `ListValue` stands for.
pub(super) fn json(
    reader: &mut Reader<'_>,
    which: WellKnown,
    message: LayoutId,
    pieces: Pieces,
) -> Result<Value, TypedError> {
    let mut json = match which {
        WellKnown::Struct => Value::Object(Map::new()),
        WellKnown::ListValue => Value::Array(Vec::new()),
        _ => Value::Null,
    };
    for_each_field(reader, message, pieces, |reader, field, pieces| {
        match (&field.form, &mut json) {
            (Form::Map(entry), Value::Object(members)) => {
                let mut left = Some(pieces);
                while let Some(pieces) = left {
                    let piece;
                    (piece, left) = reader.split(pieces);
                    let mark = reader.mark();
                    let single = reader.single(piece.start, piece.end);
                    let (mut key, mut value) = (String::new(), Value::Null);
                    for_each_field(reader, entry.layout, single, |reader, field, pieces| {
                        match &field.form {
                            Form::One(of) if field.number == 2 => value = json_of(reader, of, pieces)?,
                            _ => key = String::from_utf8_lossy(reader.scalar_bytes(pieces)).into_owned(),
                        }
                        Ok(())
                    })?;
                    reader.forget(&mark);
                    members.insert(key, value);
                }
            }
            (Form::List(of), Value::Array(elements)) => {
                let mut left = Some(pieces);
                while let Some(pieces) = left {
                    let piece;
                    (piece, left) = reader.split(pieces);
                    let mark = reader.mark();
                    let single = reader.single(piece.start, piece.end);
                    elements.push(json_of(reader, of, single)?);
                    reader.forget(&mark);
                }
            }
            (Form::One(of), json) => *json = json_of(reader, of, pieces)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(json)
}

/// The JSON of one field of a `Value`, or of an element.
fn json_of(reader: &mut Reader<'_>, of: &ValueType, pieces: Pieces) -> Result<Value, TypedError> {
    if let Detail::Message { layout, .. } = of.detail {
        let which = reader
            .layouts
            .fields(layout)
            .well_known
            .unwrap_or(WellKnown::Value);
        return json(reader, which, layout, pieces);
    }
    Ok(match scalar(reader, &of.kind, pieces)? {
        Scalar::Bool(truth) => truth.into(),
        Scalar::Text(text) => text.into(),
        Scalar::F64(number) => Value::Number(json_number(number)?),
        _ => Value::Null,
    })
}

/// A number as JSON writes it: without a point if it is whole.
fn json_number(number: f64) -> Result<Number, TypedError> {
    /// Up to here, each whole number has a double of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT && (number != 0.0 || number.is_sign_positive()) {
        return Ok((number as i64).into());
    }
    Number::from_f64(number).ok_or_else(|| TypedError::new(format!("{number} is not a number of JSON")))
}

/// What is in an `Any`, as ProtoJSON.
pub(super) fn any_json(reader: &Reader<'_>, message: LayoutId, pieces: Pieces) -> Result<Value, TypedError> {
    let descriptor = reader.layouts.get(message).descriptor.clone();
    let message = Message::from_checked(descriptor, reader.joined(pieces).into());
    let text = message
        .to_json()
        .map_err(|error| TypedError::new(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| TypedError::new(error.to_string()))
}
