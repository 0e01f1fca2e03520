//! One value: an element, an entry's value, what a field holds that has one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Unexpected, Visitor};

use super::number::{Whole, expected, float, whole, whole_float, whole_text};
use super::parts::{MessageSeed, ValueSeed};
use super::raw::{Raw, Style};
use super::writer::Place;
use crate::excerpt::excerpt;
use crate::message::base64::decode_base64;
use crate::schema::JsonKind;
use crate::suggest;

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let (JsonKind::Message(message) | JsonKind::Group(message)) = self.kind else {
            return deserializer.deserialize_any(self);
        };
        let (Style::Keyed(key) | Style::UnlessZero(key)) = self.style else {
            unreachable!("no list of messages is packed")
        };
        let message = MessageSeed {
            writer: self.writer,
            message,
            place: Place::Key(key),
        };
        message.deserialize(deserializer)
    }
}

impl ValueSeed<'_, '_> {
    fn put<E: Error>(self, raw: Raw<'_>) -> Result<(), E> {
        self.writer.put(raw, self.style)
    }

    /// Writes the value, or says that it does not fit.
    fn put_or<E: Error>(self, raw: Option<Raw<'_>>, given: Unexpected<'_>) -> Result<(), E> {
        match raw {
            Some(raw) => self.put(raw),
            None => Err(E::invalid_value(given, &self)),
        }
    }

    fn whole<E: Error>(self, number: Whole, given: Unexpected<'_>) -> Result<(), E> {
        match (self.kind, number) {
            (JsonKind::Double, Whole::Signed(number)) => self.double(number as f64),
            (JsonKind::Double, Whole::Unsigned(number)) => self.double(number as f64),
            (JsonKind::Float, Whole::Signed(number)) => self.float(number as f32),
            (JsonKind::Float, Whole::Unsigned(number)) => self.float(number as f32),
            (JsonKind::Null, Whole::Signed(0) | Whole::Unsigned(0)) => self.put(Raw::Varint(0)),
            (JsonKind::Bool | JsonKind::String | JsonKind::Bytes | JsonKind::Null, _) => {
                Err(E::invalid_type(given, &self))
            }
            (kind, number) => self.put_or(whole(kind, number), given),
        }
    }

    fn double<E: Error>(self, value: f64) -> Result<(), E> {
        let raw = Raw::of_double(value, self.style);
        self.put(raw)
    }

    fn float<E: Error>(self, value: f32) -> Result<(), E> {
        let raw = Raw::of_float(value, self.style);
        self.put(raw)
    }

    /// Writes the bytes that a text has in base64, of either alphabet, with or without padding.
    fn base64<E: Error>(self, text: &str) -> Result<(), E> {
        let Self { writer, style, .. } = self;
        writer.spend()?;
        let start = writer.buffer.len();
        let (Style::Keyed(key) | Style::UnlessZero(key)) = style else {
            unreachable!("no list of bytes is packed")
        };
        let length = writer.open_length(key);
        let contents = writer.buffer.len();
        let decoded = decode_base64(text.as_bytes(), writer.buffer);
        decoded.map_err(|error| E::custom(format_args!("invalid base64: {error}")))?;
        if matches!(style, Style::UnlessZero(_)) && writer.buffer.len() == contents {
            writer.buffer.truncate(start);
        } else {
            writer.close_length(length);
        }
        Ok(())
    }

    fn enum_value<E: Error>(self, index: u32, name: &str) -> Result<(), E> {
        let table = &self.fields.enums[index as usize];
        match table.number_named(name) {
            Some(number) => self.put(Raw::Varint(i64::from(number).cast_unsigned())),
            None => Err(E::custom(format_args!(
                "unrecognized enum value '{}'{}",
                excerpt(name),
                suggest::clause(name, table.values.iter().map(|(name, _)| &**name))
            ))),
        }
    }
}

/// JSON has no values but these, lists and objects.
impl Visitor<'_> for ValueSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            JsonKind::Enum(index) => {
                let name = &self.fields.enums[index as usize].full_name;
                write!(f, "the name or number of a value of the enum {name}")
            }
            kind => f.write_str(expected(kind)),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.kind {
            JsonKind::Null => self.put(Raw::Varint(0)),
            _ => Err(E::invalid_type(Unexpected::Unit, &self)),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.kind {
            JsonKind::Bool => self.put(Raw::Varint(value.into())),
            _ => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.whole(Whole::Signed(value), Unexpected::Signed(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.whole(Whole::Unsigned(value), Unexpected::Unsigned(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let given = Unexpected::Float(value);
        match self.kind {
            JsonKind::Double => self.double(value),
            JsonKind::Float => match float(value) {
                Some(value) => self.float(value),
                None => Err(E::invalid_value(given, &self)),
            },
            JsonKind::Bool | JsonKind::String | JsonKind::Bytes | JsonKind::Null | JsonKind::Enum(_) => {
                Err(E::invalid_type(given, &self))
            }
            kind => self.put_or(whole_float(kind, value), given),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self.kind {
            JsonKind::String => return self.put(Raw::Bytes(text.as_bytes())),
            JsonKind::Bytes => return self.base64(text),
            JsonKind::Enum(index) => return self.enum_value(index, text),
            _ => {}
        }
        let raw = match self.kind {
            JsonKind::Double => text.parse().ok().map(|value| Raw::of_double(value, self.style)),
            JsonKind::Float => text.parse().ok().map(|value| Raw::of_float(value, self.style)),
            JsonKind::Null => (text == "NULL_VALUE").then_some(Raw::Varint(0)),
            JsonKind::Bool => None,
            kind => whole_text(kind, text),
        };
        let given = excerpt(text);
        self.put_or(raw, Unexpected::Str(&given))
    }
}
