//! A message, its fields and their values, as serde's serializers.
//!
//! They hold one another, so they stand in one file. What a type gives is written at once; what the field cannot hold is an
//! error with the path of the field.

use std::fmt;

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Value as Json;
use serde_json::value::Serializer as JsonSerializer;

use super::byte::ByteSerializer;
use super::scalar::{Encoded, Given, all_scalars, enum_number, misfit};
use super::well_known::{put_any, put_json, put_mask, put_time};
use super::writer::{Open, Writer};
use crate::message::length::ReservedLength;
use crate::message::typed::error::TypedError;
use crate::message::wire::Reader;
use crate::schema::{
    Detail, Entry, Field, Fields, Form, LayoutId, Named, Oneof, ValueType, WellKnown, kind_name,
};
use crate::suggest;

type Result<T> = std::result::Result<T, TypedError>;

fn from_json(error: serde_json::Error) -> TypedError {
    TypedError::new(error.to_string())
}

/// Where a message goes.
#[derive(Clone, Copy)]
enum Place {
    /// It is the whole message.
    Root,
    /// It is a value of the field of this number.
    Field { number: u32, group: bool },
}

/// A message.
pub(super) struct MessageSerializer<'s, 'w> {
    writer: &'s mut Writer<'w>,
    message: LayoutId,
    place: Place,
}

/// What a field holds, or one value of it: a list's element, a map's key.
struct ValueSerializer<'s, 'w> {
    writer: &'s mut Writer<'w>,
    of: Of<'w>,
    number: u32,
    style: Style,
}

/// How many values are expected.
#[derive(Clone, Copy)]
enum Of<'w> {
    /// That of a field, which may be left out.
    Optional(&'w ValueType),
    /// That of a list or a map.
    One(&'w ValueType),
    /// The key of a map, which may be given as text.
    Key(&'w ValueType),
    List(&'w ValueType, Packing),
    Map(&'w Entry),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Packed,
    Unpacked,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// With its key.
    Keyed,
    /// With its key, but not at all if it is zero.
    UnlessZero,
    /// Without a key, in a packed list.
    Packed,
}

impl<'s, 'w> MessageSerializer<'s, 'w> {
    pub(super) fn root(writer: &'s mut Writer<'w>, message: LayoutId) -> Self {
        Self {
            writer,
            message,
            place: Place::Root,
        }
    }

    fn fields(&self) -> &'w Fields {
        self.writer.layouts.fields(self.message)
    }

    fn well_known(&self) -> Option<WellKnown> {
        self.fields().well_known
    }

    /// Whether what is given is written as the JSON that the message stands for.
    fn is_json(&self) -> bool {
        matches!(
            self.well_known(),
            Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue)
        )
    }

    fn open(self) -> Result<FieldsWriter<'s, 'w>> {
        let fields = self.fields();
        let open = match self.place {
            Place::Root => self.writer.open_root(),
            Place::Field { number, group } => self.writer.open(number, group)?,
        };
        Ok(FieldsWriter {
            writer: self.writer,
            fields,
            open,
            next: 0,
            members: Vec::new(),
        })
    }

    /// Writes a message with what `contents` writes.
    fn filled(self, contents: impl FnOnce(&mut Writer<'w>) -> Result<()>) -> Result<()> {
        let message = self.open()?;
        contents(message.writer)?;
        message.close();
        Ok(())
    }

    /// Writes a message whose type has a form for a scalar.
    fn scalar(self, given: Given<'_>) -> Result<()> {
        let fields = self.fields();
        match (
            self.well_known(),
            given,
            fields.list.first().map(|field| &field.form),
        ) {
            (Some(WellKnown::Wrapper), _, Some(Form::One(of))) => {
                let encoded = given.encode(of)?;
                self.filled(|writer| {
                    if !encoded.is_zero() {
                        encoded.put_field(1, writer.buffer);
                    }
                    Ok(())
                })
            }
            (Some(which @ (WellKnown::Timestamp | WellKnown::Duration)), Given::Text(text), _) => {
                self.filled(|writer| put_time(writer, which, text))
            }
            (Some(WellKnown::FieldMask), Given::Text(text), _) => self.filled(|writer| {
                put_mask(writer, text);
                Ok(())
            }),
            (Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue), _, _) => {
                let json = match given {
                    Given::Bool(truth) => truth.into(),
                    Given::Integer(number) => number.serialize(JsonSerializer).map_err(from_json)?,
                    Given::F32(number) => number.into(),
                    Given::F64(number) => number.into(),
                    Given::Text(text) => text.into(),
                    Given::Bytes(bytes) => bytes.into(),
                };
                self.json(&json)
            }
            _ => self.misfit(given),
        }
    }

    fn json(self, json: &Json) -> Result<()> {
        match self.well_known() {
            Some(WellKnown::Any) => {
                let message = self.message;
                self.filled(|writer| put_any(writer, message, json))
            }
            which => self.filled(|writer| put_json(writer, which.unwrap_or(WellKnown::Value), json)),
        }
    }

    fn misfit<T>(self, given: impl fmt::Display) -> Result<T> {
        let name = &self.fields().full_name;
        Err(TypedError::new(format!(
            "it is the message {name} and cannot hold {given}"
        )))
    }
}

impl<'s, 'w> Serializer for MessageSerializer<'s, 'w> {
    type Ok = ();
    type Error = TypedError;
    type SerializeSeq = Compound<'s, 'w>;
    type SerializeTuple = Compound<'s, 'w>;
    type SerializeTupleStruct = Compound<'s, 'w>;
    type SerializeTupleVariant = JsonVariant<'s, 'w, <JsonSerializer as Serializer>::SerializeTupleVariant>;
    type SerializeMap = Compound<'s, 'w>;
    type SerializeStruct = Compound<'s, 'w>;
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
        self.json(&json.map_err(from_json)?)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'s, 'w>> {
        if self.is_json() {
            let json = JsonSerializer.serialize_seq(length).map_err(from_json)?;
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
        Ok(JsonVariant(json.map_err(from_json)?, self))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'s, 'w>> {
        if self.is_json() || self.well_known() == Some(WellKnown::Any) {
            let json = JsonSerializer.serialize_map(length).map_err(from_json)?;
            return Ok(Compound::JsonMap(json, self));
        }
        Ok(Compound::Message(self.open()?, None))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Compound<'s, 'w>> {
        if self.is_json() {
            let json = JsonSerializer.serialize_struct(name, length).map_err(from_json)?;
            return Ok(Compound::JsonMap(json, self));
        }
        Ok(Compound::Message(self.open()?, None))
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
        Ok(JsonVariant(json.map_err(from_json)?, self))
    }
}

fn is_bytes(of: &ValueType) -> bool {
    kind_name(&of.kind) == "bytes"
}

impl<'s, 'w> ValueSerializer<'s, 'w> {
    /// All that a field holds.
    fn field(writer: &'s mut Writer<'w>, field: &'w Field) -> Self {
        let packing = if field.packed {
            Packing::Packed
        } else {
            Packing::Unpacked
        };
        Self {
            writer,
            of: match &field.form {
                Form::One(of) => Of::Optional(of),
                Form::List(of) => Of::List(of, packing),
                Form::Map(entry) => Of::Map(entry),
            },
            number: field.number,
            style: if field.has_presence {
                Style::Keyed
            } else {
                Style::UnlessZero
            },
        }
    }

    /// The type of the one value, or an error about what was given.
    fn one(&self, given: impl fmt::Display) -> Result<&'w ValueType> {
        match self.of {
            Of::Optional(of) | Of::One(of) | Of::Key(of) => Ok(of),
            Of::List(of, _) => Err(TypedError::new(format!(
                "it is a list of {} and cannot hold {given}",
                kind_name(&of.kind)
            ))),
            Of::Map(_) => Err(TypedError::new(format!("it is a map and cannot hold {given}"))),
        }
    }

    fn scalar(self, given: Given<'_>) -> Result<()> {
        let of = self.one(given)?;
        let given = match self.of {
            Of::Key(_) => given.key_of(of),
            _ => given,
        };
        match self.message() {
            Ok(message) => message.scalar(given),
            Err(value) => {
                value.put(given.encode(of)?);
                Ok(())
            }
        }
    }

    fn put(self, encoded: Encoded<'_>) {
        match self.style {
            Style::UnlessZero if encoded.is_zero() => {}
            Style::UnlessZero | Style::Keyed => encoded.put_field(self.number, self.writer.buffer),
            Style::Packed => encoded.put(self.writer.buffer),
        }
    }

    /// The serializer of the message, if it is one.
    fn message(self) -> std::result::Result<MessageSerializer<'s, 'w>, Self> {
        match self.of {
            Of::Optional(of) | Of::One(of) | Of::Key(of) => match of.detail {
                Detail::Message { layout, group } => Ok(MessageSerializer {
                    writer: self.writer,
                    message: layout,
                    place: Place::Field {
                        number: self.number,
                        group,
                    },
                }),
                _ => Err(self),
            },
            _ => Err(self),
        }
    }

    /// The serializer of the message, or an error about what was given.
    fn expect_message(self, given: impl fmt::Display) -> Result<MessageSerializer<'s, 'w>> {
        let of = self.one(&given)?;
        self.message().or_else(|_| misfit(of, given))
    }

    /// Whether `()` is a value of the type, and not only what JSON's null is given as.
    fn has_unit(&self) -> bool {
        let (Of::Optional(of) | Of::One(of) | Of::Key(of)) = self.of else {
            return false;
        };
        let Detail::Message { layout, .. } = of.detail else {
            return false;
        };
        let fields = self.writer.layouts.fields(layout);
        fields.list.is_empty() || fields.well_known == Some(WellKnown::Value)
    }
}

impl<'s, 'w> Serializer for ValueSerializer<'s, 'w> {
    type Ok = ();
    type Error = TypedError;
    type SerializeSeq = Compound<'s, 'w>;
    type SerializeTuple = Compound<'s, 'w>;
    type SerializeTupleStruct = Compound<'s, 'w>;
    type SerializeTupleVariant = <MessageSerializer<'s, 'w> as Serializer>::SerializeTupleVariant;
    type SerializeMap = Compound<'s, 'w>;
    type SerializeStruct = Compound<'s, 'w>;
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

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        let of = self.one(format_args!("the variant `{variant}`"))?;
        if let Detail::Enum(_) = of.detail {
            self.put(Encoded::of_enum(enum_number(of, variant)?));
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

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Compound<'s, 'w>> {
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

/// The fields of a message that is open.
pub(super) struct FieldsWriter<'s, 'w> {
    writer: &'s mut Writer<'w>,
    fields: &'w Fields,
    open: Open,
    /// The index of the field that is likely to come next.
    next: usize,
    /// The oneofs that have a member, and its name.
    members: Vec<(u16, &'w str)>,
}

impl FieldsWriter<'_, '_> {
    fn named(&mut self, name: &str) -> Result<Named> {
        // Most structs have the order of their message.
        if let Some(field) = self.fields.list.get(self.next)
            && *field.name == *name
        {
            self.next += 1;
            return Ok(Named::Field(self.next as u16 - 1));
        }
        let named = self.fields.named(name).ok_or_else(|| {
            let hint = suggest::hint(name, self.fields.names());
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            TypedError::new(format!("{} has no field `{name}`{hint}", self.fields.full_name))
        })?;
        if let Named::Field(field) = named {
            self.next = usize::from(field) + 1;
        }
        Ok(named)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        self.put(name, value).map_err(|error| error.in_field(name))
    }

    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        let start = self.writer.buffer.len();
        let fields = self.fields;
        let field = match self.named(name)? {
            Named::Field(field) => {
                let field = fields.field(field);
                value.serialize(ValueSerializer::field(&mut *self.writer, field))?;
                Some(field)
            }
            Named::Oneof(oneof) => value.serialize(OneofSerializer {
                writer: &mut *self.writer,
                fields,
                oneof: &fields.oneofs[usize::from(oneof)],
            })?,
        };
        if let Some(field) = field
            && self.writer.add_part(field.number, start)
            && let Some(oneof) = field.oneof
        {
            if let Some((_, other)) = self.members.iter().find(|(known, _)| *known == oneof) {
                return Err(TypedError::new(format!(
                    "`{other}` is set too, and the oneof `{}` has one member",
                    fields.oneofs[usize::from(oneof)].name
                )));
            }
            self.members.push((oneof, &field.name));
        }
        Ok(())
    }

    fn close(self) {
        self.writer.close(self.open);
    }
}

/// The elements of a list.
pub(super) struct ListWriter<'s, 'w> {
    writer: &'s mut Writer<'w>,
    of: &'w ValueType,
    number: u32,
    packing: Packing,
    /// The length of the packed elements, once there is one.
    packed: Option<ReservedLength>,
}

impl ListWriter<'_, '_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        if self.packing == Packing::Packed && self.packed.is_none() {
            self.packed = Some(self.writer.open_length(self.number));
        }
        value.serialize(ValueSerializer {
            writer: &mut *self.writer,
            of: Of::One(self.of),
            number: self.number,
            style: match self.packing {
                Packing::Packed => Style::Packed,
                Packing::Unpacked => Style::Keyed,
            },
        })
    }

    fn close(self) {
        if let Some(packed) = self.packed {
            self.writer.close_length(packed);
        }
    }
}

/// The entries of a map.
pub(super) struct EntryWriter<'s, 'w> {
    writer: &'s mut Writer<'w>,
    entry: &'w Entry,
    number: u32,
    /// The length of the entry whose key was written.
    contents: Option<ReservedLength>,
}

impl EntryWriter<'_, '_> {
    fn part<T: Serialize + ?Sized>(&mut self, number: u32, value: &T) -> Result<()> {
        value.serialize(ValueSerializer {
            writer: &mut *self.writer,
            of: if number == 1 {
                Of::Key(&self.entry.key)
            } else {
                Of::One(&self.entry.value)
            },
            number,
            style: if self.entry.has_presence {
                Style::Keyed
            } else {
                Style::UnlessZero
            },
        })
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.contents = Some(self.writer.open_length(self.number));
        self.part(1, key)
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.part(2, value)?;
        if let Some(contents) = self.contents.take() {
            self.writer.close_length(contents);
        }
        Ok(())
    }
}

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
            Self::JsonList(json, _) => SerializeSeq::serialize_element(json, value).map_err(from_json),
            Self::Map(_) | Self::Message(..) | Self::JsonMap(..) => no_list(),
        }
    }

    fn close(self) -> Result<()> {
        match self {
            Self::List(list) => list.close(),
            Self::Map(_) => {}
            Self::Message(fields, _) => fields.close(),
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
            Self::JsonList(json, message) => message.json(&SerializeSeq::end(json).map_err(from_json)?)?,
            Self::JsonMap(json, message) => message.json(&SerializeMap::end(json).map_err(from_json)?)?,
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
            Self::JsonMap(json, _) => json.serialize_key(key).map_err(from_json),
            Self::Message(_, name) => {
                let Json::String(key) = key.serialize(JsonSerializer).map_err(from_json)? else {
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
            Self::JsonMap(json, _) => json.serialize_value(value).map_err(from_json),
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

impl SerializeStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        match self {
            Self::Message(fields, _) => fields.field(name, value),
            Self::JsonMap(json, _) => SerializeMap::serialize_entry(json, name, value).map_err(from_json),
            _ => no_map(),
        }
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

/// A variant with several values, as JSON.
pub(super) struct JsonVariant<'s, 'w, V>(V, MessageSerializer<'s, 'w>);

impl<V: SerializeTupleVariant<Ok = Json, Error = serde_json::Error>> SerializeTupleVariant
    for JsonVariant<'_, '_, V>
{
    type Ok = ();
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.serialize_field(value).map_err(from_json)
    }

    fn end(self) -> Result<()> {
        self.1.json(&self.0.end().map_err(from_json)?)
    }
}

impl<V: SerializeStructVariant<Ok = Json, Error = serde_json::Error>> SerializeStructVariant
    for JsonVariant<'_, '_, V>
{
    type Ok = ();
    type Error = TypedError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.0.serialize_field(name, value).map_err(from_json)
    }

    fn end(self) -> Result<()> {
        self.1.json(&self.0.end().map_err(from_json)?)
    }
}

/// A oneof. Returns the member that was written.
struct OneofSerializer<'s, 'w> {
    writer: &'s mut Writer<'w>,
    fields: &'w Fields,
    oneof: &'w Oneof,
}

impl<'w> OneofSerializer<'_, 'w> {
    fn member(&self, variant: &str) -> Result<&'w Field> {
        let member = self.oneof.member_named(&self.fields.list, variant);
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
struct MemberWriter<'s, 'w> {
    value: Compound<'s, 'w>,
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
        self.value.close()?;
        Ok(Some(self.field))
    }
}
