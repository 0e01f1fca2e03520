//! Single values: read from the wire, and written as JSON.
//!
//! serde_json writes texts and numbers, so that they look as everywhere else.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::message::wire::{Malformed, Reader, unzigzag};
use crate::schema::{JsonFields, JsonKind};

/// A value that is no message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'w> {
    Bool(bool),
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    /// Checked as far as it has to be UTF-8.
    Text(&'w [u8]),
    Bytes(&'w [u8]),
    /// `google.protobuf.NullValue`, whose numbers are all null.
    Null(i32),
    /// The enum's index, and the number.
    Enum(u32, i32),
}

impl<'w> Scalar<'w> {
    /// Reads a value. Must not be called for messages, whose bytes are no scalar.
    #[inline]
    pub(super) fn read(kind: JsonKind, reader: &mut Reader<'w>) -> Result<Self, Malformed> {
        Ok(match kind {
            JsonKind::Bool => Self::Bool(reader.varint()? != 0),
            JsonKind::Int32 => Self::I32(reader.varint()? as i32),
            JsonKind::Sint32 => Self::I32(unzigzag(u64::from(reader.varint()? as u32)) as i32),
            JsonKind::Sfixed32 => Self::I32(reader.fixed32()?.cast_signed()),
            JsonKind::Uint32 => Self::U32(reader.varint()? as u32),
            JsonKind::Fixed32 => Self::U32(reader.fixed32()?),
            JsonKind::Int64 => Self::I64(reader.varint()?.cast_signed()),
            JsonKind::Sint64 => Self::I64(unzigzag(reader.varint()?)),
            JsonKind::Sfixed64 => Self::I64(reader.fixed64()?.cast_signed()),
            JsonKind::Uint64 => Self::U64(reader.varint()?),
            JsonKind::Fixed64 => Self::U64(reader.fixed64()?),
            JsonKind::Float => Self::F32(f32::from_bits(reader.fixed32()?)),
            JsonKind::Double => Self::F64(f64::from_bits(reader.fixed64()?)),
            JsonKind::String => Self::Text(reader.delimited()?),
            JsonKind::Bytes | JsonKind::Message(_) | JsonKind::Group(_) => Self::Bytes(reader.delimited()?),
            JsonKind::Null => Self::Null(reader.varint()? as i32),
            JsonKind::Enum(index) => Self::Enum(index, reader.varint()? as i32),
        })
    }

    /// The value of a map's entry or of a wrapper that has none.
    pub(super) fn absent(kind: JsonKind, fields: &JsonFields) -> Self {
        match kind {
            JsonKind::Bool => Self::Bool(false),
            JsonKind::Int32 | JsonKind::Sint32 | JsonKind::Sfixed32 => Self::I32(0),
            JsonKind::Uint32 | JsonKind::Fixed32 => Self::U32(0),
            JsonKind::Int64 | JsonKind::Sint64 | JsonKind::Sfixed64 => Self::I64(0),
            JsonKind::Uint64 | JsonKind::Fixed64 => Self::U64(0),
            JsonKind::Float => Self::F32(0.0),
            JsonKind::Double => Self::F64(0.0),
            JsonKind::String => Self::Text(&[]),
            JsonKind::Bytes | JsonKind::Message(_) | JsonKind::Group(_) => Self::Bytes(&[]),
            JsonKind::Null => Self::Null(0),
            JsonKind::Enum(index) => {
                let first = fields.enums[index as usize].values.first();
                Self::Enum(index, first.map_or(0, |(_, number)| *number))
            }
        }
    }

    /// Whether it is what an unset field without presence has.
    #[inline]
    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Bool(truth) => !truth,
            Self::I32(number) | Self::Enum(_, number) | Self::Null(number) => number == 0,
            Self::U32(number) => number == 0,
            Self::I64(number) => number == 0,
            Self::U64(number) => number == 0,
            Self::F32(number) => number == 0.0,
            Self::F64(number) => number == 0.0,
            Self::Text(bytes) | Self::Bytes(bytes) => bytes.is_empty(),
        }
    }

    /// It has at least so many bytes as JSON. Only a text can have more than twice as many, and each of its bytes at most six.
    #[inline]
    pub(super) fn least_length(self) -> usize {
        match self {
            Self::Text(bytes) | Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// Whether readers see it: a number that a closed enum does not name is an unknown field.
    pub(super) fn is_known(self, fields: &JsonFields) -> bool {
        match self {
            Self::Enum(index, number) => fields.enums[index as usize].is_value(number),
            _ => true,
        }
    }

    /// Appends it as JSON. `fields` are those of the message that it is in.
    pub(super) fn put(self, fields: &JsonFields, json: &mut Vec<u8>) {
        match self {
            Self::Bool(truth) => json.extend_from_slice(if truth { b"true" } else { b"false" }),
            Self::I32(number) => put_json(json, &number),
            Self::U32(number) => put_json(json, &number),
            // JSON's numbers are doubles for most readers.
            Self::I64(number) => put_quoted(json, |json| put_json(json, &number)),
            Self::U64(number) => put_quoted(json, |json| put_json(json, &number)),
            Self::F32(number) if number.is_finite() => put_json(json, &number),
            Self::F64(number) if number.is_finite() => put_json(json, &number),
            Self::F32(number) => put_json(json, not_finite(f64::from(number))),
            Self::F64(number) => put_json(json, not_finite(number)),
            Self::Text(text) => put_json(json, &*as_text(text)),
            Self::Bytes(bytes) => put_quoted(json, |json| put_base64(json, bytes)),
            Self::Null(_) => json.extend_from_slice(b"null"),
            Self::Enum(index, number) => match fields.enums[index as usize].name_of(number) {
                Some(name) => put_json(json, name),
                None => put_json(json, &number),
            },
        }
    }
}

/// A string, with U+FFFD in place of what is not UTF-8 and need not be, as in Java.
pub(super) fn as_text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

pub(super) fn put_json(json: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(json, value).expect("numbers and texts are JSON, and a Vec takes all bytes");
}

pub(super) fn put_quoted(json: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    json.push(b'"');
    put(json);
    json.push(b'"');
}

fn put_base64(json: &mut Vec<u8>, bytes: &[u8]) {
    let start = json.len();
    let length =
        base64::encoded_len(bytes.len(), true).expect("a message is smaller than half of the memory");
    json.resize(start + length, 0);
    BASE64_STANDARD
        .encode_slice(bytes, &mut json[start..])
        .expect("it is as long as that");
}

fn not_finite(value: f64) -> &'static str {
    match (value.is_nan(), value > 0.0) {
        (true, _) => "NaN",
        (false, true) => "Infinity",
        (false, false) => "-Infinity",
    }
}
