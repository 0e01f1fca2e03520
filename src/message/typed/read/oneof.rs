//! A oneof of which a member is there, as an enum of Rust whose variants hold the members.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, VariantAccess, Visitor};

use super::parts::{FieldDeserializer, Found, Held, Result};
use super::reader::Reader;
use crate::message::typed::error::TypedError;
use crate::schema::{Names, Oneof};

/// A oneof of which a member is there, as an enum.
pub(super) struct OneofDeserializer<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) found: Found<'de>,
    pub(super) oneof: &'de Oneof,
}

impl<'r, 'de> OneofDeserializer<'r, 'de> {
    /// The member that is there, and its index.
    fn member(self) -> Result<(usize, FieldDeserializer<'r, 'de>)> {
        let member = self.found.member(self.reader, self.oneof);
        let (index, member, pieces) =
            member.ok_or_else(|| TypedError::new("no member of the oneof is there"))?;
        Ok((
            index,
            FieldDeserializer {
                reader: self.reader,
                field: self.found.fields.field(member),
                held: Held::Pieces(pieces),
            },
        ))
    }
}

impl<'de> Deserializer<'de> for OneofDeserializer<'_, 'de> {
    type Error = TypedError;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value> {
        let names = self.oneof.variants_of(&self.found.fields.list, variants);
        let (index, member) = self.member()?;
        visitor.visit_enum(Variant {
            name: names[index].unwrap_or(&member.field.name),
            member,
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (_, member) = self.member()?;
        visitor.visit_map(OneMember(Some(member)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The variant that stands for a member of a oneof.
struct Variant<'r, 'de> {
    name: &'de str,
    member: FieldDeserializer<'r, 'de>,
}

impl<'r, 'de> EnumAccess<'de> for Variant<'r, 'de> {
    type Error = TypedError;
    type Variant = FieldDeserializer<'r, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant)> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<TypedError>::new(self.name))?;
        Ok((variant, self.member))
    }
}

impl<'de> VariantAccess<'de> for FieldDeserializer<'_, 'de> {
    type Error = TypedError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        let name = &self.field.name;
        seed.deserialize(self).map_err(|error| error.in_field(name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        let name = &self.field.name;
        self.deserialize_tuple(length, visitor)
            .map_err(|error| error.in_field(name))
    }

    fn struct_variant<V: Visitor<'de>>(self, names: Names, visitor: V) -> Result<V::Value> {
        let name = &self.field.name;
        self.deserialize_struct("", names, visitor)
            .map_err(|error| error.in_field(name))
    }
}

/// The member of a oneof, as a map of one.
struct OneMember<'r, 'de>(Option<FieldDeserializer<'r, 'de>>);

impl<'de> MapAccess<'de> for OneMember<'_, 'de> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(member) = &self.0 else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(&member.field.name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let member = self.0.take();
        seed.deserialize(member.ok_or_else(|| TypedError::new("a value was asked for before its key"))?)
    }
}
