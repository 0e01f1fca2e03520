//! One scalar of a message, as serde takes it.

use prost_reflect::{Kind, Value};
use serde::de::Visitor;

use crate::message::typed::error::TypedError;
use crate::message::wire::{Reader, unzigzag};

/// A value that is not a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'de> {
    Bool(bool),
    I32(i32),
    I64(i64),
    U32(u32),
    U64(u64),
    F32(f32),
    F64(f64),
    Text(&'de str),
    /// A string of proto2 that is not UTF-8.
    OtherText(&'de [u8]),
    Bytes(&'de [u8]),
    Enum(i32),
}

impl<'de> Scalar<'de> {
    /// The value of this kind at the reader. A string or bytes are all that the reader has.
    #[inline]
    pub(super) fn read(kind: &Kind, reader: &mut Reader<'de>) -> Result<Self, TypedError> {
        Ok(match kind {
            Kind::Bool => Self::Bool(reader.varint()? != 0),
            Kind::Int32 => Self::I32(reader.varint()? as i32),
            Kind::Sint32 => Self::I32(unzigzag(u64::from(reader.varint()? as u32)) as i32),
            Kind::Sfixed32 => Self::I32(reader.fixed32()? as i32),
            Kind::Int64 => Self::I64(reader.varint()? as i64),
            Kind::Sint64 => Self::I64(unzigzag(reader.varint()?)),
            Kind::Sfixed64 => Self::I64(reader.fixed64()? as i64),
            Kind::Uint32 => Self::U32(reader.varint()? as u32),
            Kind::Fixed32 => Self::U32(reader.fixed32()?),
            Kind::Uint64 => Self::U64(reader.varint()?),
            Kind::Fixed64 => Self::U64(reader.fixed64()?),
            Kind::Float => Self::F32(f32::from_bits(reader.fixed32()?)),
            Kind::Double => Self::F64(f64::from_bits(reader.fixed64()?)),
            Kind::Enum(_) => Self::Enum(reader.varint()? as i32),
            Kind::String => match std::str::from_utf8(reader.rest()) {
                Ok(text) => Self::Text(text),
                Err(_) => Self::OtherText(reader.rest()),
            },
            Kind::Bytes => Self::Bytes(reader.rest()),
            Kind::Message(message) => {
                return Err(TypedError::new(format!("a {} is no scalar", message.full_name())));
            }
        })
    }

    /// The value of this kind at the reader, which has more after it.
    #[inline]
    pub(super) fn take(kind: &Kind, reader: &mut Reader<'de>) -> Result<Self, TypedError> {
        match kind {
            Kind::String | Kind::Bytes => Self::read(kind, &mut Reader::new(reader.delimited()?)),
            _ => Self::read(kind, reader),
        }
    }

    /// The default of a field.
    #[inline]
    pub(super) fn of_default(value: &'de Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::I32(number) => Self::I32(*number),
            Value::I64(number) => Self::I64(*number),
            Value::U32(number) => Self::U32(*number),
            Value::U64(number) => Self::U64(*number),
            Value::F32(number) => Self::F32(*number),
            Value::F64(number) => Self::F64(*number),
            Value::String(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::EnumNumber(number) => Self::Enum(*number),
            Value::Message(_) | Value::List(_) | Value::Map(_) => Self::Bool(false),
        }
    }

    /// The value that a kind has where there is none.
    pub(super) fn zero(kind: &Kind, first_of_enum: i32) -> Self {
        match kind {
            Kind::Bool | Kind::Message(_) => Self::Bool(false),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Self::I32(0),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Self::I64(0),
            Kind::Uint32 | Kind::Fixed32 => Self::U32(0),
            Kind::Uint64 | Kind::Fixed64 => Self::U64(0),
            Kind::Float => Self::F32(0.0),
            Kind::Double => Self::F64(0.0),
            Kind::String => Self::Text(""),
            Kind::Bytes => Self::Bytes(&[]),
            Kind::Enum(_) => Self::Enum(first_of_enum),
        }
    }

    /// Whether this is what a field without presence has where nothing was sent.
    #[inline]
    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Bool(truth) => !truth,
            Self::I32(number) | Self::Enum(number) => number == 0,
            Self::I64(number) => number == 0,
            Self::U32(number) => number == 0,
            Self::U64(number) => number == 0,
            // -0.0 is sent.
            Self::F32(number) => number.to_bits() == 0,
            Self::F64(number) => number.to_bits() == 0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) | Self::OtherText(bytes) => bytes.is_empty(),
        }
    }

    /// What JSON writes where only text may stand: `true`, or an integer.
    pub(super) fn digits(self) -> Option<String> {
        Some(match self {
            Self::Bool(truth) => truth.to_string(),
            Self::I32(number) => number.to_string(),
            Self::I64(number) => number.to_string(),
            Self::U32(number) => number.to_string(),
            Self::U64(number) => number.to_string(),
            _ => return None,
        })
    }

    /// Gives the value in its own kind. An enum is its number.
    #[inline]
    pub(super) fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypedError> {
        match self {
            Self::Bool(truth) => visitor.visit_bool(truth),
            Self::I32(number) | Self::Enum(number) => visitor.visit_i32(number),
            Self::I64(number) => visitor.visit_i64(number),
            Self::U32(number) => visitor.visit_u32(number),
            Self::U64(number) => visitor.visit_u64(number),
            Self::F32(number) => visitor.visit_f32(number),
            Self::F64(number) => visitor.visit_f64(number),
            Self::Text(text) => visitor.visit_borrowed_str(text),
            // As in Java.
            Self::OtherText(bytes) => visitor.visit_string(String::from_utf8_lossy(bytes).into_owned()),
            Self::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
        }
    }
}
