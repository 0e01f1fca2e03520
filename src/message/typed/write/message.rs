//! A message, as serde gives it: a struct or a map of its fields, or the form of a well-known type.

use serde::ser::{Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::value::Serializer as JsonSerializer;

use super::compound::{Compound, JsonVariant, StructWriter};
use super::fields::FieldsWriter;
use super::parts::{MessageSerializer, Place, Result, is_bytes};
use super::scalar::{Given, all_scalars};
use crate::message::typed::error::TypedError;
use crate::schema::{Form, WellKnown};

impl<'s, 'w> Serializer for MessageSerializer<'s, 'w> {
    type Ok = ();
    type Error = TypedError;
    type SerializeSeq = Compound<'s, 'w>;
    type SerializeTuple = Compound<'s, 'w>;
    type SerializeTupleStruct = Compound<'s, 'w>;
    type SerializeTupleVariant = JsonVariant<'s, 'w, <JsonSerializer as Serializer>::SerializeTupleVariant>;
    type SerializeMap = Compound<'s, 'w>;
    type SerializeStruct = StructWriter<'s, 'w>;
    type SerializeStructVariant = JsonVariant<'s, 'w, <JsonSerializer as Serializer>::SerializeStructVariant>;

    all_scalars!();

    fn serialize_none(self) -> Result<()> {
        match self.place {
            Place::Root => Err(TypedError::new("there is no message")),
            Place::Field { .. } => self.misfit("nothing"),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        if self.well_known() == Some(WellKnown::Value) {
            return self.json(&Json::Null);
        }
        if self.fields().list.is_empty() {
            return self.filled(|_| Ok(()));
        }
        self.misfit("`()`")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
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
        if !self.is_json() {
            return self.misfit(format_args!("the enum `{name}`"));
        }
        let json = JsonSerializer.serialize_newtype_variant(name, index, variant, value);
        self.json(&json?)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'s, 'w>> {
        if self.is_json() {
            let json = JsonSerializer.serialize_seq(length)?;
            return Ok(Compound::JsonList(json, self));
        }
        match (
            self.well_known(),
            self.fields().list.first().map(|field| &field.form),
        ) {
            (Some(WellKnown::Wrapper), Some(Form::One(of))) if is_bytes(of) => {
                Ok(Compound::Wrapped(Vec::new(), self))
            }
            _ => self.misfit("a list"),
        }
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
        if !self.is_json() {
            return self.misfit(format_args!("the enum `{name}`"));
        }
        let json = JsonSerializer.serialize_tuple_variant(name, index, variant, length);
        Ok(JsonVariant(json?, self))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'s, 'w>> {
        if self.is_json() || self.well_known() == Some(WellKnown::Any) {
            let json = JsonSerializer.serialize_map(length)?;
            return Ok(Compound::JsonMap(json, self));
        }
        Ok(Compound::Message(FieldsWriter::open(self)?, None))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, length: usize) -> Result<StructWriter<'s, 'w>> {
        if self.is_json() {
            let json = JsonSerializer.serialize_struct(name, length)?;
            return Ok(StructWriter::Json(Box::new((json, self))));
        }
        Ok(StructWriter::Fields(FieldsWriter::open(self)?))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant> {
        if !self.is_json() {
            return self.misfit(format_args!("the enum `{name}`"));
        }
        let json = JsonSerializer.serialize_struct_variant(name, index, variant, length);
        Ok(JsonVariant(json?, self))
    }
}
