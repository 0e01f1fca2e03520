//! What serde gives part by part: lists, tuples, maps and structs, as what the message has in their place.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Value as Json;
use serde_json::value::Serializer as JsonSerializer;

use super::byte::ByteSerializer;
use super::collections::{EntryWriter, ListWriter};
use super::fields::FieldsWriter;
use super::parts::{MessageSerializer, Result, Style};
use super::scalar::Given;
use super::writer::Writer;
use crate::message::length::ReservedLength;
use crate::message::typed::error::TypedError;
use crate::message::wire::Reader;

/// What has several values.
pub(super) enum Compound<'s, 'w> {
    List(ListWriter<'s, 'w>),
    Map(EntryWriter<'s, 'w>),
    /// With the key whose value comes next, if they come one by one.
    Message(FieldsWriter<'s, 'w>, Option<String>),
    /// Bytes that are given one by one.
    Bytes {
        writer: &'s mut Writer<'w>,
        start: usize,
        contents: ReservedLength,
        style: Style,
    },
    /// Such bytes, of a `BytesValue`.
    Wrapped(Vec<u8>, MessageSerializer<'s, 'w>),
    JsonList(
        <JsonSerializer as Serializer>::SerializeSeq,
        MessageSerializer<'s, 'w>,
    ),
    JsonMap(
        <JsonSerializer as Serializer>::SerializeMap,
        MessageSerializer<'s, 'w>,
    ),
}

fn no_list<T>() -> Result<T> {
    Err(TypedError::new("elements were given to what is no list"))
}

fn no_map<T>() -> Result<T> {
    Err(TypedError::new("entries were given to what is no map"))
}

impl Compound<'_, '_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self {
            Self::List(list) => list.element(value),
            Self::Bytes { writer, .. } => value.serialize(ByteSerializer(writer.buffer)),
            Self::Wrapped(bytes, _) => value.serialize(ByteSerializer(bytes)),
            Self::JsonList(json, _) => SerializeSeq::serialize_element(json, value).map_err(TypedError::from),
            Self::Map(_) | Self::Message(..) | Self::JsonMap(..) => no_list(),
        }
    }

    fn close(self) -> Result<()> {
        match self {
            Self::List(list) => list.close(),
            Self::Map(_) => {}
            Self::Message(fields, _) => fields.close()?,
            Self::Bytes {
                writer,
                start,
                contents,
                style,
            } => {
                writer.close_length(contents);
                if style == Style::UnlessZero && is_empty_field(&writer.buffer[start..]) {
                    writer.buffer.truncate(start);
                }
            }
            Self::Wrapped(bytes, message) => message.scalar(Given::Bytes(&bytes))?,
            Self::JsonList(json, message) => {
                message.json(&SerializeSeq::end(json)?)?;
            }
            Self::JsonMap(json, message) => {
                message.json(&SerializeMap::end(json)?)?;
            }
        }
        Ok(())
    }
}

/// Whether a field is its key and a length of nothing.
fn is_empty_field(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    reader.key().is_ok() && reader.rest() == [0]
}

impl SerializeSeq for Compound<'_, '_> {
    type Ok = ();
    type Error = TypedError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

impl SerializeTuple for Compound<'_, '_> {
    type Ok = ();
    type Error = TypedError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

impl SerializeTupleStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = TypedError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        match self {
            Self::Map(map) => map.key(key),
            Self::JsonMap(json, _) => json.serialize_key(key).map_err(TypedError::from),
            Self::Message(_, name) => {
                let Json::String(key) = key.serialize(JsonSerializer)? else {
                    return Err(TypedError::new(
                        "the keys of a map that is a message are names of fields",
                    ));
                };
                *name = Some(key);
                Ok(())
            }
            _ => no_map(),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self {
            Self::Map(map) => map.value(value),
            Self::JsonMap(json, _) => json.serialize_value(value).map_err(TypedError::from),
            Self::Message(fields, name) => match name.take() {
                Some(name) => fields.field(&name, value),
                None => no_map(),
            },
            _ => no_map(),
        }
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

/// The fields of a struct: those of a message, or the members of JSON.
pub(super) enum StructWriter<'s, 'w> {
    Fields(FieldsWriter<'s, 'w>),
    /// Boxed, because few are.
    Json(Box<JsonStruct<'s, 'w>>),
}

/// The members of JSON, and the message that it is written as.
pub(super) type JsonStruct<'s, 'w> = (
    <JsonSerializer as Serializer>::SerializeMap,
    MessageSerializer<'s, 'w>,
);

impl SerializeStruct for StructWriter<'_, '_> {
    type Ok = ();
    type Error = TypedError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        match self {
            Self::Fields(fields) => fields.field(name, value),
            Self::Json(json) => {
                SerializeMap::serialize_entry(&mut json.0, name, value).map_err(TypedError::from)
            }
        }
    }

    #[inline]
    fn end(self) -> Result<()> {
        match self {
            Self::Fields(fields) => fields.close(),
            Self::Json(json) => json.1.json(&SerializeMap::end(json.0)?),
        }
    }
}

/// A variant with several values, as JSON.
pub(super) struct JsonVariant<'s, 'w, V>(pub(super) V, pub(super) MessageSerializer<'s, 'w>);

impl<V: SerializeTupleVariant<Ok = Json, Error = serde_json::Error>> SerializeTupleVariant
    for JsonVariant<'_, '_, V>
{
    type Ok = ();
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.serialize_field(value).map_err(TypedError::from)
    }

    fn end(self) -> Result<()> {
        self.1.json(&self.0.end()?)
    }
}

impl<V: SerializeStructVariant<Ok = Json, Error = serde_json::Error>> SerializeStructVariant
    for JsonVariant<'_, '_, V>
{
    type Ok = ();
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.0.serialize_field(name, value).map_err(TypedError::from)
    }

    fn end(self) -> Result<()> {
        self.1.json(&self.0.end()?)
    }
}
