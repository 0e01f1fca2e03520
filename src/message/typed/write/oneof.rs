//! A oneof, as an enum of Rust whose variants hold the members.

use std::fmt;

use serde::ser::{Impossible, Serialize, SerializeStruct, SerializeStructVariant, Serializer};

use super::parts::{MessageSerializer, Result, ValueSerializer};
use super::scalar::{Given, all_scalars};
use super::writer::Writer;
use crate::message::typed::error::TypedError;
use crate::schema::{Field, Fields, Oneof};
use crate::suggest;

/// A oneof. Returns the member that was written.
pub(super) struct OneofSerializer<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) fields: &'w Fields,
    pub(super) oneof: &'w Oneof,
}

impl<'w> OneofSerializer<'_, 'w> {
    fn member(&self, variant: &'static str) -> Result<&'w Field> {
        let member = self.oneof.member_of_variant(&self.fields.list, variant);
        let member = member.ok_or_else(|| {
            let members = self.oneof.members.iter();
            let known = members.map(|member| &*self.fields.field(*member).name);
            let hint = suggest::hint(variant, known).map_or_else(String::new, |hint| format!("; {hint}"));
            TypedError::new(format!(
                "the oneof `{}` has no member `{variant}`{hint}",
                self.oneof.name
            ))
        })?;
        Ok(self.fields.field(member))
    }

    fn scalar(self, given: Given<'_>) -> Result<Option<&'w Field>> {
        self.misfit(given)
    }

    fn misfit<T>(self, given: impl fmt::Display) -> Result<T> {
        Err(TypedError::new(format!(
            "the oneof `{}` is an enum whose variants hold its members, and cannot hold {given}",
            self.oneof.name
        )))
    }
}

impl<'s, 'w> Serializer for OneofSerializer<'s, 'w> {
    type Ok = Option<&'w Field>;
    type Error = TypedError;
    type SerializeSeq = Impossible<Self::Ok, TypedError>;
    type SerializeTuple = Impossible<Self::Ok, TypedError>;
    type SerializeTupleStruct = Impossible<Self::Ok, TypedError>;
    type SerializeTupleVariant = Impossible<Self::Ok, TypedError>;
    type SerializeMap = Impossible<Self::Ok, TypedError>;
    type SerializeStruct = Impossible<Self::Ok, TypedError>;
    type SerializeStructVariant = MemberWriter<'s, 'w>;

    all_scalars!();

    fn serialize_none(self) -> Result<Self::Ok> {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Self::Ok> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok> {
        self.misfit("`()`")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Self::Ok> {
        let field = self.member(variant)?;
        let message = ValueSerializer::field(self.writer, field).expect_message("`()`");
        let value = message.and_then(MessageSerializer::serialize_unit);
        value.map_err(|error| error.in_field(&field.name))?;
        Ok(Some(field))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Self::Ok> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Self::Ok> {
        let field = self.member(variant)?;
        let value = value.serialize(ValueSerializer::field(self.writer, field));
        value.map_err(|error| error.in_field(&field.name))?;
        Ok(Some(field))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        self.misfit("a list")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        self.misfit("a tuple")
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        self.misfit(format_args!("the struct `{name}`"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        self.misfit(format_args!("several values in the variant `{variant}`"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        self.misfit("a map")
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        self.misfit(format_args!("the struct `{name}`"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<MemberWriter<'s, 'w>> {
        let field = self.member(variant)?;
        let value = ValueSerializer::field(self.writer, field);
        Ok(MemberWriter {
            value: value.serialize_struct(variant, length)?,
            field,
        })
    }
}

/// A member of a oneof that is a message whose fields are those of the variant.
pub(super) struct MemberWriter<'s, 'w> {
    value: <ValueSerializer<'s, 'w> as Serializer>::SerializeStruct,
    field: &'w Field,
}

impl<'w> SerializeStructVariant for MemberWriter<'_, 'w> {
    type Ok = Option<&'w Field>;
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let result = SerializeStruct::serialize_field(&mut self.value, name, value);
        result.map_err(|error| error.in_field(&self.field.name))
    }

    fn end(self) -> Result<Self::Ok> {
        SerializeStruct::end(self.value)?;
        Ok(Some(self.field))
    }
}
