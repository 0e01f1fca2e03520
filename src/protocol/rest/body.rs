//! Bodies: from what a client sends to the bytes of a request, and from those of a response to what it gets.
//!
//! Messages on the wire merge when their bytes stand one behind the other, so what the path and the query set is appended to
//! what the body is. It comes last, and so it counts.

use bytes::Bytes;
use serde::Deserialize as _;
use serde::de::IgnoredAny;
use tonic::Status;

use super::binding::{Binding, Body, HTTP_BODY};
use super::field_path::{FieldPath, records};
use super::mask::paths_of;
use super::value::{delimited, mask};
use crate::message::{
    Bounds, MessageType, WireType, json_to_wire, key, put_delimited, put_varint, wire_to_json,
};
use crate::schema::{Detail, Field, Form, Layouts, ValueType};

/// What a request is made of, beside its body.
#[derive(Debug)]
pub(super) struct Given {
    /// The fields that the path and the query set, as bytes.
    pub(super) fields: Vec<u8>,
    /// Whether the mask of a PATCH is among them.
    pub(super) has_mask: bool,
    /// The content type, for bodies that are taken as they are.
    pub(super) content_type: Bytes,
}

/// Appends the bytes of the request whose body, or whose line of it, is this.
pub(super) fn decode(
    binding: &Binding,
    given: &Given,
    bounds: Bounds,
    body: &[u8],
    wire: &mut Vec<u8>,
) -> Result<(), Status> {
    let fields = binding.fields();
    let of = MessageType::input_of(&binding.method, bounds);
    let is_blank = body.iter().all(u8::is_ascii_whitespace);
    match (&binding.way.body, &fields.body) {
        (Body::None, _) if is_blank => {}
        (Body::None, _) => {
            return Err(Status::invalid_argument(format!(
                "{} takes no body here: its fields are parameters of the query",
                binding.method.name()
            )));
        }
        (_, field) if fields.takes_raw => {
            let mut raw = Vec::with_capacity(body.len() + given.content_type.len() + 16);
            put_text(&mut raw, 1, &given.content_type);
            put_text(&mut raw, 2, body);
            match field {
                Some(path) => path.put(of.layouts, &delimited(raw), wire),
                None => wire.extend_from_slice(&raw),
            }
        }
        _ if is_blank => {}
        (_, Some(path)) => {
            decode_field(of, path, body, wire)?;
            if let Some(mask) = fields.mask.as_ref().filter(|_| !given.has_mask) {
                put_mask(of.layouts, mask, path, body, wire)?;
            }
        }
        (_, None) => json_to_wire(of, body, wire)?,
    }
    wire.extend_from_slice(&given.fields);
    Ok(())
}

/// Appends the field that the body is: the value is read as that of an object with this one field.
fn decode_field(
    of: MessageType<'_>,
    path: &FieldPath,
    body: &[u8],
    wire: &mut Vec<u8>,
) -> Result<(), Status> {
    expect_one_value(body)?;
    let name = serde_json::Value::from(&*path.last(of.layouts).name).to_string();
    let mut object = Vec::with_capacity(body.len() + name.len() + 3);
    object.push(b'{');
    object.extend_from_slice(name.as_bytes());
    object.push(b':');
    object.extend_from_slice(body);
    object.push(b'}');
    Ok(json_to_wire(of, &object, wire)?)
}

/// Fails for a body that is more or less than one value in JSON: in an object it could be other fields.
fn expect_one_value(body: &[u8]) -> Result<(), Status> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = IgnoredAny::deserialize(&mut deserializer).and_then(|_| deserializer.end());
    value.map_err(|error| Status::invalid_argument(format!("JSON does not fit the message: {error}")))
}

/// Appends the mask of the fields that the body has. One that is no message, or a well-known type, has none.
fn put_mask(
    layouts: &Layouts,
    mask_path: &FieldPath,
    body_path: &FieldPath,
    body: &[u8],
    wire: &mut Vec<u8>,
) -> Result<(), Status> {
    let Form::One(ValueType {
        detail: Detail::Message { layout, .. },
        ..
    }) = body_path.last(layouts).form
    else {
        return Ok(());
    };
    if layouts.fields(layout).well_known.is_some() {
        return Ok(());
    }
    let paths = paths_of(layouts, layout, body).map_err(Status::invalid_argument)?;
    mask_path.put(layouts, &mask(&paths), wire);
    Ok(())
}

fn put_text(wire: &mut Vec<u8>, number: u32, text: &[u8]) {
    if !text.is_empty() {
        put_varint(wire, key(number, WireType::LengthDelimited).into());
        put_delimited(wire, text);
    }
}

/// Appends the JSON of a response, or of the field that the answer is.
pub(super) fn encode(
    binding: &Binding,
    message: &[u8],
    max_size: usize,
    json: &mut Vec<u8>,
) -> Result<(), Status> {
    let of = MessageType::output_of(&binding.method, Bounds::default());
    let Some(path) = &binding.fields().response_body else {
        return Ok(wire_to_json(of, message, max_size, json)?);
    };
    let field = path.last(of.layouts);
    let records = records(message, field.number).map_err(crate::message::MessageError::from)?;
    let mut object = Vec::new();
    // The name and the braces around the value are not sent.
    let around = field.json_name().len() * 6 + 5;
    wire_to_json(of, &records, max_size.saturating_add(around), &mut object)?;
    let start = format!("{{{}:", serde_json::Value::from(field.json_name()));
    match object
        .strip_prefix(start.as_bytes())
        .and_then(|rest| rest.strip_suffix(b"}"))
    {
        Some(value) => json.extend_from_slice(value),
        None => json.extend_from_slice(default_json(of.layouts, field).as_bytes()),
    }
    Ok(())
}

/// The JSON of a field that is not set.
fn default_json(layouts: &Layouts, field: &Field) -> String {
    use prost_reflect::Kind;

    let value = match &field.form {
        Form::List(_) => return "[]".to_owned(),
        Form::Map(_) => return "{}".to_owned(),
        Form::One(value) => value,
    };
    match (&value.detail, &value.kind) {
        (Detail::Message { layout, .. }, _) if layouts.fields(*layout).well_known.is_some() => {
            "null".to_owned()
        }
        (Detail::Message { .. }, _) => "{}".to_owned(),
        (Detail::Enum(table), _) => {
            let number = field.default.as_enum_number().unwrap_or_default();
            table
                .name_of(number)
                .map_or(number.to_string(), |name| format!("\"{name}\""))
        }
        (_, Kind::String | Kind::Bytes) => "\"\"".to_owned(),
        (_, Kind::Bool) => "false".to_owned(),
        (_, Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64) => "\"0\"".to_owned(),
        _ => "0".to_owned(),
    }
}

/// The content type and the data of a response that is sent as it is.
pub(super) fn raw_parts(binding: &Binding, message: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Status> {
    let layouts = binding.method.layouts();
    let number = binding
        .fields()
        .response_body
        .as_ref()
        .map(|path| path.last(layouts).number);
    let malformed = |error| Status::from(crate::message::MessageError::from(error));
    let body = match number {
        Some(number) => contents(message, number).map_err(malformed)?.concat(),
        None => message.to_vec(),
    };
    let last = |number| -> Result<Vec<u8>, Status> {
        let values = contents(&body, number).map_err(malformed)?;
        Ok(values.last().map(|value| value.to_vec()).unwrap_or_default())
    };
    debug_assert!(binding.fields().gives_raw, "{HTTP_BODY}");
    Ok((last(1)?, last(2)?))
}

/// The contents of the fields with this number.
fn contents(message: &[u8], number: u32) -> Result<Vec<&[u8]>, crate::message::Malformed> {
    let mut reader = crate::message::Reader::new(message);
    let mut found = Vec::new();
    while !reader.is_empty() {
        match reader.key()? {
            (field, WireType::LengthDelimited) if field == number => found.push(reader.delimited()?),
            (field, wire_type) => drop(reader.skip(field, wire_type, crate::message::MAX_DEPTH)?),
        }
    }
    Ok(found)
}
