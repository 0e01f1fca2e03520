//! Bytes that a type gives one by one, as `Vec<u8>` does.

use serde::ser::{Impossible, Serialize, Serializer};

use super::scalar::{Given, all_scalars};
use crate::message::typed::error::TypedError;

type Result<T> = std::result::Result<T, TypedError>;

/// One byte of a list that is written as bytes.
pub(super) struct ByteSerializer<'b>(pub(super) &'b mut Vec<u8>);

impl ByteSerializer<'_> {
    fn scalar(self, given: Given<'_>) -> Result<()> {
        let byte = match given {
            Given::Integer(number) => u8::try_from(number).ok(),
            _ => None,
        };
        match byte {
            Some(byte) => {
                self.0.push(byte);
                Ok(())
            }
            None => Err(TypedError::new(format!("it is bytes and cannot hold {given}"))),
        }
    }

    fn no_byte<T>() -> Result<T> {
        Err(TypedError::new("it is bytes, and holds only integers up to 255"))
    }
}

impl Serializer for ByteSerializer<'_> {
    type Ok = ();
    type Error = TypedError;
    type SerializeSeq = Impossible<(), TypedError>;
    type SerializeTuple = Impossible<(), TypedError>;
    type SerializeTupleStruct = Impossible<(), TypedError>;
    type SerializeTupleVariant = Impossible<(), TypedError>;
    type SerializeMap = Impossible<(), TypedError>;
    type SerializeStruct = Impossible<(), TypedError>;
    type SerializeStructVariant = Impossible<(), TypedError>;

    all_scalars!();

    fn serialize_none(self) -> Result<()> {
        Self::no_byte()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        Self::no_byte()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        Self::no_byte()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<()> {
        Self::no_byte()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<()> {
        Self::no_byte()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        Self::no_byte()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Self::no_byte()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Self::no_byte()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Self::no_byte()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        Self::no_byte()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        Self::no_byte()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Self::no_byte()
    }
}
