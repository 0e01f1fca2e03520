//! Texts of paths and queries as values of fields.
//!
//! A value is written as it is in ProtoJSON, without quotes: numbers, `true` and `false`, texts, base64, names of enum values,
//! times. An enum may also be a number, and a mask may have the names of the proto.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{Kind, Value};

use super::field_path::Encoded;
use crate::excerpt::excerpt;
use crate::message::{
    Bounds, MessageType, WireType, json_to_wire, put_delimited, put_scalar, put_varint, wire_type,
};
use crate::schema::{Detail, EnumTable, Form, LayoutId, Layouts, Named, ValueType, WellKnown};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

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
            Some(WellKnown::FieldMask) => return Ok(mask(utf8(text)?.split(','))),
            Some(WellKnown::Wrapper) => {
                let Some(Named::Field(index)) = fields.named("value") else {
                    return Err(format!("{} has no field `value`", fields.full_name));
                };
                let field = fields.field(index);
                let Form::One(inner) = &field.form else {
                    return Err(format!("{}.value is repeated", fields.full_name));
                };
                let inner = self.read(inner, text)?;
                let mut bytes = Vec::new();
                put_varint(
                    &mut bytes,
                    crate::message::key(field.number, inner.wire_type).into(),
                );
                match inner.wire_type {
                    WireType::LengthDelimited => put_delimited(&mut bytes, &inner.bytes),
                    _ => bytes.extend_from_slice(&inner.bytes),
                }
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

/// A `google.protobuf.FieldMask` of these paths, with names of the proto or of JSON.
pub(super) fn mask<'p>(paths: impl IntoIterator<Item = &'p str>) -> Encoded {
    let mut bytes = Vec::new();
    for path in paths.into_iter().map(str::trim).filter(|path| !path.is_empty()) {
        let mut name = String::with_capacity(path.len());
        for letter in path.chars() {
            if letter.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        put_varint(
            &mut bytes,
            crate::message::key(1, WireType::LengthDelimited).into(),
        );
        put_delimited(&mut bytes, name.as_bytes());
    }
    delimited(bytes)
}

/// The number of an enum's value, which is written by its name or its number.
fn enum_number(table: &EnumTable, text: &str) -> Result<i32, String> {
    if let Some((_, number)) = table.values.iter().find(|(name, _)| **name == *text) {
        return Ok(*number);
    }
    if let Ok(number) = text.parse()
        && table.is_value(number)
    {
        return Ok(number);
    }
    if text == "null" && &*table.full_name == "google.protobuf.NullValue" {
        return Ok(0);
    }
    let names = table.values.iter().map(|(name, _)| &**name);
    let hint = crate::suggest::hint(&excerpt(text), names).map(|hint| format!("; {hint}"));
    let hint = hint.unwrap_or_default();
    Err(format!(
        "{:?} is no value of {}{hint}",
        excerpt(text),
        table.full_name
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
    let is_url_safe = text.iter().any(|byte| b"-_".contains(byte));
    let alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
    // A plus sign in a query is a space.
    let text: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b' ' { b'+' } else { *byte })
        .collect();
    let decoded = GeneralPurpose::new(alphabet, LENIENT).decode(&text);
    decoded.map_err(|error| format!("{} is no base64: {error}", shown(&text)))
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
