//! One value, as serde asks for it: that of a field, of a list's element, of a map's key.

use serde::de::value::SeqDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::parts::{At, Result, ValueDeserializer, forward};
use super::scalar::Scalar;
use crate::message::typed::error::TypedError;
use crate::schema::{Detail, EnumTable, Names};

/// The text that stands for an enum's number: its name, or the number itself.
fn enum_text<'t>(table: &'t EnumTable, number: i32, digits: &'t mut String) -> &'t str {
    table.name_of(number).unwrap_or_else(|| {
        *digits = number.to_string();
        digits
    })
}

impl<'de> ValueDeserializer<'_, 'de> {
    /// As numbers and bytes are asked for.
    pub(super) fn ask_plain<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_any(visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn list<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_seq(visitor);
        }
        match self.scalar()? {
            Scalar::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            scalar => scalar.visit(visitor),
        }
    }

    /// As text is asked for.
    pub(super) fn ask_text<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_any(visitor);
        }
        match (self.scalar()?, &self.of.detail) {
            (Scalar::Enum(number), Detail::Enum(table)) => {
                visitor.visit_str(enum_text(table, number, &mut String::new()))
            }
            (scalar, _) if matches!(self.at, At::Key(_)) => match scalar.digits() {
                Some(digits) => visitor.visit_string(digits),
                None => scalar.visit(visitor),
            },
            (scalar, _) => scalar.visit(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer<'_, 'de> {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_any(visitor);
        }
        match (self.scalar()?, &self.of.detail) {
            (Scalar::Enum(number), Detail::Enum(table)) => match table.name_of(number) {
                Some(name) => visitor.visit_borrowed_str(name),
                None => visitor.visit_i32(number),
            },
            // Types that take what they are given take a list, and few of them bytes.
            (Scalar::Bytes(bytes), _) => {
                self.reader.give_one_by_one(bytes)?;
                visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
            }
            (scalar, _) => scalar.visit(visitor),
        }
    }

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf => ask_plain
    }

    forward! { deserialize_str deserialize_string deserialize_char deserialize_identifier => ask_text }

    forward! { deserialize_seq => list }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if let Some(mut message) = self.message()
            && message.is_null()?
        {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_unit(visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_map(visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value> {
        match self.message() {
            Some(message) => message.deserialize_struct(name, names, visitor),
            None => self.scalar()?.visit(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(message) = self.message() {
            return message.deserialize_enum(name, variants, visitor);
        }
        match (self.scalar()?, &self.of.detail) {
            (Scalar::Enum(number), Detail::Enum(table)) => {
                let mut digits = String::new();
                let variant = table.variant_of(number, variants);
                let variant = variant.unwrap_or_else(|| enum_text(table, number, &mut digits));
                visitor.visit_enum(IntoDeserializer::<TypedError>::into_deserializer(variant))
            }
            (Scalar::Text(text), _) => {
                visitor.visit_enum(IntoDeserializer::<TypedError>::into_deserializer(text))
            }
            (scalar, _) => scalar.visit(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}
