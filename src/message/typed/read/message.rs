//! A message, as serde asks for it: a struct or a map of its fields, or the form of a well-known type.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::oneof::OneofDeserializer;
use super::ordered::OrderedAccess;
use super::parts::{FieldDeserializer, Found, Held, MessageDeserializer, Result, forward, is_given_without};
use super::reader::Reader;
use super::well_known::{any_json, is_json, mask_text, time_text};
use crate::message::check::Order;
use crate::message::typed::error::TypedError;
use crate::schema::{Names, StructKeys, Target, WellKnown};

impl<'de> MessageDeserializer<'_, 'de> {
    /// Gives the fields that `keys` name.
    fn visit<V: Visitor<'de>>(self, keys: &'de StructKeys, visitor: V) -> Result<V::Value> {
        let fields = self.fields();
        if self.reader.order == Order::Ascending
            && keys.are_ascending
            && let (piece, None) = self.reader.split(self.pieces)
        {
            let layout = self.reader.layouts.get(self.message);
            let result =
                visitor.visit_map(OrderedAccess::new(&mut *self.reader, layout, fields, keys, piece));
            return result.map_err(|error| {
                Found {
                    fields,
                    keys,
                    slots: 0,
                }
                .learn(error)
            });
        }
        let mark = self.reader.mark();
        let slots = self.reader.find(self.message, keys, self.pieces)?;
        let found = Found { fields, keys, slots };
        let result = visitor.visit_map(FieldAccess {
            reader: &mut *self.reader,
            found,
            next: 0,
        });
        self.reader.forget(&mark);
        result.map_err(|error| found.learn(error))
    }
}

impl<'de> Deserializer<'de> for MessageDeserializer<'_, 'de> {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.well_known() {
            Some(WellKnown::Wrapper) => match self.unwrapped()? {
                Some(value) => value.deserialize_any(visitor),
                None => visitor.visit_unit(),
            },
            Some(which @ (WellKnown::Timestamp | WellKnown::Duration)) => {
                visitor.visit_string(time_text(self.reader, which, self.message, self.pieces)?)
            }
            Some(WellKnown::FieldMask) => {
                visitor.visit_string(mask_text(self.reader, self.message, self.pieces)?)
            }
            Some(WellKnown::Any) => {
                let json = any_json(self.reader, self.message, self.pieces)?;
                json.deserialize_any(visitor).map_err(TypedError::from)
            }
            Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue) => match self.json()? {
                Some(json) => json.deserialize_any(visitor).map_err(TypedError::from),
                None => visitor.visit_unit(),
            },
            Some(WellKnown::Empty) | None => self.deserialize_map(visitor),
        }
    }

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bytes deserialize_byte_buf
        deserialize_str deserialize_string deserialize_char deserialize_identifier => deserialize_any
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        match self.unwrapped()? {
            Some(value) => value.deserialize_seq(visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        if self.is_null()? {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.fields().list.is_empty() {
            return visitor.visit_unit();
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if is_json(self.well_known()) || self.well_known() == Some(WellKnown::Any) {
            return self.deserialize_any(visitor);
        }
        let keys = self.fields().all_keys();
        self.visit(keys, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(json) = self.json()? {
            return json
                .deserialize_struct(name, names, visitor)
                .map_err(TypedError::from);
        }
        let keys = self.fields().keys_of(names);
        self.visit(keys, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(json) = self.json()? {
            return json
                .deserialize_enum(name, variants, visitor)
                .map_err(TypedError::from);
        }
        match self.unwrapped()? {
            Some(value) => value.deserialize_enum(name, variants, visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

/// The keys and values of a message.
struct FieldAccess<'r, 'de> {
    reader: &'r mut Reader<'de>,
    found: Found<'de>,
    /// The index of the key after the one that was given.
    next: usize,
}

impl FieldAccess<'_, '_> {
    /// Whether a key is given: what is there, and what has a default where it is not.
    fn is_given(&self, index: usize) -> bool {
        let key = &self.found.keys.keys[index];
        match key.target {
            Target::Oneof(oneof) => {
                let oneof = &self.found.fields.oneofs[usize::from(oneof)];
                self.found.member(self.reader, oneof).is_some()
            }
            Target::Field(slot) => {
                let field = self.found.field(slot);
                self.found.pieces(self.reader, slot).is_some() || is_given_without(key, field)
            }
        }
    }
}

impl<'de> MapAccess<'de> for FieldAccess<'_, 'de> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        while let Some(key) = self.found.keys.keys.get(self.next) {
            self.next += 1;
            if self.is_given(self.next - 1) {
                return seed
                    .deserialize(BorrowedStrDeserializer::new(&key.name))
                    .map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let key = &self.found.keys.keys[self.next - 1];
        let value = match key.target {
            Target::Field(slot) => seed.deserialize(FieldDeserializer {
                field: self.found.field(slot),
                held: Held::found(self.found.pieces(self.reader, slot)),
                reader: &mut *self.reader,
            }),
            Target::Oneof(oneof) => seed.deserialize(OneofDeserializer {
                reader: &mut *self.reader,
                found: self.found,
                oneof: &self.found.fields.oneofs[usize::from(oneof)],
            }),
        };
        value.map_err(|error| error.in_field(&key.name))
    }
}
