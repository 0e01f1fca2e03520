//! Texts of paths and queries as values of fields.
//!
//! A value is written as it is in ProtoJSON, without quotes: numbers, `true` and `false`, texts, base64, names of enum values,
//! times. An enum may also be a number, and a mask may have the names of the proto.

use std::fmt::Display;
use std::str::FromStr;

use prost_reflect::{Kind, Value};

use super::field_path::{Encoded, put_field};
use crate::excerpt::excerpt;
use crate::message::{
    Bounds, MessageType, WireType, decode_base64, json_to_wire, key, put_delimited, put_scalar, put_snake,
    put_varint, wire_type,
};
use crate::schema::{Detail, EnumTable, Form, LayoutId, Layouts, Named, ValueType, WellKnown};

/// What reads messages that are written as texts.
#[derive(Clone, Copy)]
pub(super) struct Types<'t> {
    pub(super) of: MessageType<'t>,
}

impl<'t> Types<'t> {
    pub(super) fn layouts(self) -> &'t Layouts {
        self.of.layouts
    }

    /// The value of a field that is written so. Fails with what is wrong.
    pub(super) fn read(self, value: &ValueType, text: &[u8]) -> Result<Encoded, String> {
        match &value.detail {
            Detail::Message { layout, .. } => self.read_message(*layout, text),
            Detail::Enum(table) => Ok(varint(i64::from(enum_number(table, utf8(text)?)?) as u64)),
            Detail::Scalar => scalar(&value.kind, text),
        }
    }

    fn read_message(self, layout: LayoutId, text: &[u8]) -> Result<Encoded, String> {
        let fields = self.layouts().fields(layout);
        let json = match fields.well_known {
            Some(WellKnown::Timestamp | WellKnown::Duration) => {
                serde_json::to_string(utf8(text)?).map_err(|error| error.to_string())?
            }
            Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue) => utf8(text)?.to_owned(),
            Some(WellKnown::FieldMask) => return Ok(mask_of_text(utf8(text)?)),
            Some(WellKnown::Wrapper) => {
                let Some(Named::Field(index)) = fields.named("value") else {
                    return Err(format!("{} has no field `value`", fields.full_name));
                };
                let field = fields.field(index);
                let Form::One(inner) = &field.form else {
                    return Err(format!("{}.value is repeated", fields.full_name));
                };
                let mut bytes = Vec::new();
                put_field(&mut bytes, field, &self.read(inner, text)?);
                return Ok(delimited(bytes));
            }
            Some(WellKnown::Any | WellKnown::Empty) | None => {
                return Err(format!(
                    "it is a {}, which is set by its fields, each a parameter of its own",
                    fields.full_name
                ));
            }
        };
        let mut bytes = Vec::new();
        let of = MessageType { layout, ..self.of };
        json_to_wire(of, json.as_bytes(), &mut bytes).map_err(|_| {
            let example = match fields.well_known {
                Some(WellKnown::Timestamp) => "2026-01-31T12:00:00Z",
                Some(WellKnown::Duration) => "1.5s",
                _ => "JSON",
            };
            format!(
                "{} is no {}; one is written as {example}",
                shown(text),
                fields.full_name
            )
        })?;
        Ok(delimited(bytes))
    }
}

/// A `google.protobuf.FieldMask` that is written with commas between its paths, which have the names of JSON, or those of the
/// proto if there is an underscore in them.
fn mask_of_text(text: &str) -> Encoded {
    let mut bytes = Vec::new();
    for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
        if path.contains('_') {
            put_path(&mut bytes, path.as_bytes());
        } else {
            let mut name = Vec::with_capacity(path.len());
            put_snake(&mut name, path);
            put_path(&mut bytes, &name);
        }
    }
    delimited(bytes)
}

/// A `google.protobuf.FieldMask` of these paths, which have the names of the proto.
pub(super) fn mask(paths: &[String]) -> Encoded {
    let mut bytes = Vec::new();
    for path in paths {
        put_path(&mut bytes, path.as_bytes());
    }
    delimited(bytes)
}

fn put_path(mask: &mut Vec<u8>, path: &[u8]) {
    put_varint(mask, key(1, WireType::LengthDelimited).into());
    put_delimited(mask, path);
}

/// The number of an enum's value, which is written by its name or its number.
fn enum_number(table: &EnumTable, text: &str) -> Result<i32, String> {
    if let Some(number) = table.number_named(text) {
        return Ok(number);
    }
    if let Ok(number) = text.parse()
        && table.is_value(number)
    {
        return Ok(number);
    }
    if text == "null" && &*table.full_name == "google.protobuf.NullValue" {
        return Ok(0);
    }
    Err(format!(
        "{:?} is no value of {}{}",
        excerpt(text),
        table.full_name,
        crate::suggest::clause(text, table.values.iter().map(|(name, _)| &**name))
    ))
}

fn scalar(kind: &Kind, text: &[u8]) -> Result<Encoded, String> {
    let value = match kind {
        Kind::String => return Ok(delimited(utf8(text)?.as_bytes().to_vec())),
        Kind::Bytes => return base64(text).map(delimited),
        Kind::Bool => Value::Bool(match text {
            b"true" => true,
            b"false" => false,
            other => return Err(format!("{} is no bool; one is true or false", shown(other))),
        }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number(text, kind)?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number(text, kind)?),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number(text, kind)?),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number(text, kind)?),
        Kind::Float => {
            let value = float(text)?;
            let narrow = value as f32;
            if value.is_finite() && narrow.is_infinite() {
                return Err(format!("{} is out of the range of a float", shown(text)));
            }
            Value::F32(narrow)
        }
        Kind::Double => Value::F64(float(text)?),
        Kind::Message(_) | Kind::Enum(_) => return Err("it is no scalar".to_owned()),
    };
    let mut bytes = Vec::new();
    if !put_scalar(&mut bytes, kind, &value) {
        return Err("it is of another type".to_owned());
    }
    Ok(Encoded {
        wire_type: wire_type(kind),
        bytes,
    })
}

/// An integer, as JSON writes one.
fn number<N: FromStr<Err: Display>>(text: &[u8], kind: &Kind) -> Result<N, String> {
    let what = crate::schema::kind_name(kind);
    let wrong = || format!("{} is no {what}", shown(text));
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_json = digits.iter().all(u8::is_ascii_digit) && (digits.len() < 2 || digits[0] != b'0');
    if !is_json || digits.is_empty() {
        return Err(wrong());
    }
    utf8(text)?
        .parse()
        .map_err(|error| format!("{}: {error}", wrong()))
}

/// A number of floating point, as ProtoJSON writes one.
fn float(text: &[u8]) -> Result<f64, String> {
    let wrong = || format!("{} is no number", shown(text));
    match text {
        b"NaN" => return Ok(f64::NAN),
        b"Infinity" => return Ok(f64::INFINITY),
        b"-Infinity" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let value: f64 = serde_json::from_slice(text).map_err(|_| wrong())?;
    // serde_json allows spaces around a number.
    if text.iter().any(u8::is_ascii_whitespace) {
        return Err(wrong());
    }
    Ok(value)
}

fn base64(text: &[u8]) -> Result<Vec<u8>, String> {
    // A plus sign in a query is a space.
    let text: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b' ' { b'+' } else { *byte })
        .collect();
    let mut bytes = Vec::with_capacity(text.len());
    match decode_base64(&text, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(format!("{} is no base64: {error}", shown(&text))),
    }
}

fn varint(number: u64) -> Encoded {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, number);
    Encoded {
        wire_type: WireType::Varint,
        bytes,
    }
}

pub(super) fn delimited(bytes: Vec<u8>) -> Encoded {
    Encoded {
        wire_type: WireType::LengthDelimited,
        bytes,
    }
}

fn utf8(text: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(text).map_err(|_| format!("{} is not UTF-8", shown(text)))
}

fn shown(text: &[u8]) -> String {
    format!("{:?}", excerpt(&String::from_utf8_lossy(text)))
}

/// What reads the texts of requests of a method.
pub(super) fn types_of_input(method: &crate::schema::Method, bounds: Bounds) -> Types<'_> {
    Types {
        of: MessageType::input_of(method, bounds),
    }
}
