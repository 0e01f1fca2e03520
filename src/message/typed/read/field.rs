//! All that a field holds, as serde asks for it: a value, a list, a map.

use serde::de::{Deserializer, Visitor};

use super::elements::{EntryAccess, ListAccess};
use super::parts::{FieldDeserializer, Held, Result};
use super::scalar::Scalar;
use crate::message::typed::error::TypedError;
use crate::schema::{Entry, Form, Names, ValueType};

impl<'r, 'de> FieldDeserializer<'r, 'de> {
    fn list(self, of: &'de ValueType) -> ListAccess<'r, 'de> {
        ListAccess {
            reader: self.reader,
            of,
            left: self.held.pieces(),
            packed: None,
        }
    }

    fn map(self, entry: &'de Entry) -> EntryAccess<'r, 'de> {
        EntryAccess {
            reader: self.reader,
            entry,
            left: self.held.pieces(),
            value: None,
        }
    }
}

/// Methods of the deserializer of a field, which ask its value if it has one.
macro_rules! ask_value {
    ($($method:ident($($argument:ident: $of:ty),*))*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $($argument: $of,)* visitor: V) -> Result<V::Value> {
                match &self.field.form {
                    Form::One(of) => self.one(of).$method($($argument,)* visitor),
                    Form::List(of) => visitor.visit_seq(self.list(of)),
                    Form::Map(entry) => visitor.visit_map(self.map(entry)),
                }
            }
        )*
    };
}

impl<'de> FieldDeserializer<'_, 'de> {
    ask_value! { ask_text() ask_plain() }
}

/// Methods that give a scalar as it is.
macro_rules! give_scalar {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                match self.held {
                    Held::Scalar(scalar) => scalar.visit(visitor),
                    _ => self.ask_plain(visitor),
                }
            }
        )*
    };
}

/// Methods that give text, which an enum has, too.
macro_rules! give_text {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                match self.held {
                    Held::Scalar(Scalar::Text(text)) => visitor.visit_borrowed_str(text),
                    _ => self.ask_text(visitor),
                }
            }
        )*
    };
}

impl<'de> Deserializer<'de> for FieldDeserializer<'_, 'de> {
    type Error = TypedError;

    give_scalar! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_bytes deserialize_byte_buf
    }

    give_text! { deserialize_str deserialize_string }

    ask_value! {
        deserialize_any() deserialize_char() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier()
        deserialize_unit_struct(name: &'static str)
        deserialize_tuple(length: usize)
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_struct(name: &'static str, names: Names)
        deserialize_enum(name: &'static str, names: Names)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if matches!(self.held, Held::Nothing) {
            return visitor.visit_none();
        }
        match &self.field.form {
            Form::One(of) if self.field.has_presence => self.one(of).deserialize_option(visitor),
            Form::One(of) => {
                let value = self.one(of);
                if value.scalar()?.is_zero() {
                    return visitor.visit_none();
                }
                visitor.visit_some(value)
            }
            Form::List(_) | Form::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}
