//! What a field holds, or one value of it, as serde gives it: a list's element, a map's key.

use serde::ser::{Serialize, Serializer};

use super::collections::{EntryWriter, ListWriter};
use super::compound::{Compound, StructWriter};
use super::parts::{MessageSerializer, Of, Result, ValueSerializer, is_bytes};
use super::scalar::{Encoded, Given, all_scalars, variant_number};
use crate::message::typed::error::TypedError;
use crate::schema::{Detail, WellKnown};

impl<'s, 'w> Serializer for ValueSerializer<'s, 'w> {
    type Ok = ();
    type Error = TypedError;
    type SerializeSeq = Compound<'s, 'w>;
    type SerializeTuple = Compound<'s, 'w>;
    type SerializeTupleStruct = Compound<'s, 'w>;
    type SerializeTupleVariant = <MessageSerializer<'s, 'w> as Serializer>::SerializeTupleVariant;
    type SerializeMap = Compound<'s, 'w>;
    type SerializeStruct = StructWriter<'s, 'w>;
    type SerializeStructVariant = <MessageSerializer<'s, 'w> as Serializer>::SerializeStructVariant;

    all_scalars!();

    fn serialize_none(self) -> Result<()> {
        match self.of {
            Of::One(of) | Of::Key(of) => match of.detail {
                Detail::Message { layout, .. }
                    if self.writer.layouts.fields(layout).well_known == Some(WellKnown::Value) =>
                {
                    self.serialize_unit()
                }
                _ => Err(TypedError::new("a list or a map cannot hold `None`")),
            },
            Of::Optional(_) | Of::List(..) | Of::Map(_) => Ok(()),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        let is_field = !matches!(self.of, Of::One(_) | Of::Key(_));
        if is_field && !self.has_unit() {
            return self.serialize_none();
        }
        self.expect_message("`()`")?.serialize_unit()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.expect_message("`()`")?.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        let of = self.one(format_args!("the variant `{variant}`"))?;
        if let Detail::Enum(_) = of.detail {
            self.put(Encoded::of_enum(variant_number(of, variant)?));
            return Ok(());
        }
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let message = self.expect_message(format_args!("the variant `{variant}`, which has a value"))?;
        message.serialize_newtype_variant(name, index, variant, value)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'s, 'w>> {
        if let Of::List(of, packing) = self.of {
            return Ok(Compound::List(ListWriter {
                writer: self.writer,
                of,
                number: self.number,
                packing,
                packed: None,
            }));
        }
        if is_bytes(self.one("a list")?) {
            let start = self.writer.buffer.len();
            let contents = self.writer.open_length(self.number);
            return Ok(Compound::Bytes {
                writer: self.writer,
                start,
                contents,
                style: self.style,
            });
        }
        self.expect_message("a list")?.serialize_seq(length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Compound<'s, 'w>> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Compound<'s, 'w>> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        let message = self.expect_message(format_args!("the variant `{variant}`, which has values"))?;
        message.serialize_tuple_variant(name, index, variant, length)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'s, 'w>> {
        if let Of::Map(entry) = self.of {
            return Ok(Compound::Map(EntryWriter {
                writer: self.writer,
                entry,
                number: self.number,
                contents: None,
            }));
        }
        self.expect_message("a map")?.serialize_map(length)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, length: usize) -> Result<StructWriter<'s, 'w>> {
        self.expect_message(format_args!("the struct `{name}`"))?
            .serialize_struct(name, length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant> {
        let message = self.expect_message(format_args!("the variant `{variant}`, which has fields"))?;
        message.serialize_struct_variant(name, index, variant, length)
    }
}
