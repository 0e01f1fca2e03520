//! What a message is written by: serializers of a message, and of a field or one value of it.
//!
//! Each can give the other: a message the fields that a struct names, and a value the message that it is. So they are
//! defined together here, and how each takes what serde gives is in a file of its own. What a type gives is written at once;
//! what the field cannot hold is an error with the path of the field.

use std::fmt;

use serde::ser::Serialize as _;
use serde_json::Value as Json;
use serde_json::value::Serializer as JsonSerializer;

use super::scalar::{Encoded, Given, misfit};
use super::well_known::{put_any, put_json, put_mask, put_time};
use super::writer::{Open, Writer};
use crate::message::typed::error::TypedError;
use crate::schema::{Detail, Entry, Field, Fields, Form, LayoutId, ValueType, WellKnown, kind_name};

pub(super) type Result<T> = std::result::Result<T, TypedError>;

/// Where a message goes.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// It is the whole message.
    Root,
    /// It is a value of the field of this number.
    Field { number: u32, group: bool },
}

/// A message.
pub(super) struct MessageSerializer<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) message: LayoutId,
    pub(super) place: Place,
}

/// What a field holds, or one value of it: a list's element, a map's key.
pub(super) struct ValueSerializer<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) of: Of<'w>,
    pub(super) number: u32,
    pub(super) style: Style,
}

/// How many values are expected.
#[derive(Clone, Copy)]
pub(super) enum Of<'w> {
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
pub(super) enum Packing {
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
    #[inline]
    pub(super) fn root(writer: &'s mut Writer<'w>, message: LayoutId) -> Self {
        Self {
            writer,
            message,
            place: Place::Root,
        }
    }

    #[inline]
    pub(super) fn fields(&self) -> &'w Fields {
        self.writer.layouts.fields(self.message)
    }

    #[inline]
    pub(super) fn well_known(&self) -> Option<WellKnown> {
        self.fields().well_known
    }

    /// Whether what is given is written as the JSON that the message stands for.
    #[inline]
    pub(super) fn is_json(&self) -> bool {
        matches!(
            self.well_known(),
            Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue)
        )
    }

    /// Begins the message, and gives the writer to write what is in it.
    #[inline]
    pub(super) fn open(self) -> Result<(&'s mut Writer<'w>, Open)> {
        let open = match self.place {
            Place::Root => self.writer.open_root(),
            Place::Field { number, group } => self.writer.open(number, group)?,
        };
        Ok((self.writer, open))
    }

    /// Writes a message with what `contents` writes.
    pub(super) fn filled(self, contents: impl FnOnce(&mut Writer<'w>) -> Result<()>) -> Result<()> {
        let (writer, open) = self.open()?;
        contents(writer)?;
        writer.close(open)
    }

    /// Writes a message whose type has a form for a scalar.
    pub(super) fn scalar(self, given: Given<'_>) -> Result<()> {
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
                    Given::Integer(number) => number.serialize(JsonSerializer)?,
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

    pub(super) fn json(self, json: &Json) -> Result<()> {
        match self.well_known() {
            Some(WellKnown::Any) => {
                let message = self.message;
                self.filled(|writer| put_any(writer, message, json))
            }
            which => self.filled(|writer| put_json(writer, which.unwrap_or(WellKnown::Value), json)),
        }
    }

    pub(super) fn misfit<T>(self, given: impl fmt::Display) -> Result<T> {
        let name = &self.fields().full_name;
        Err(TypedError::new(format!(
            "it is the message {name} and cannot hold {given}"
        )))
    }
}

impl<'s, 'w> ValueSerializer<'s, 'w> {
    /// All that a field holds.
    #[inline]
    pub(super) fn field(writer: &'s mut Writer<'w>, field: &'w Field) -> Self {
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
    #[inline]
    pub(super) fn one(&self, given: impl fmt::Display) -> Result<&'w ValueType> {
        match self.of {
            Of::Optional(of) | Of::One(of) | Of::Key(of) => Ok(of),
            Of::List(of, _) => Err(TypedError::new(format!(
                "it is a list of {} and cannot hold {given}",
                kind_name(&of.kind)
            ))),
            Of::Map(_) => Err(TypedError::new(format!("it is a map and cannot hold {given}"))),
        }
    }

    #[inline]
    pub(super) fn scalar(self, given: Given<'_>) -> Result<()> {
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

    #[inline]
    pub(super) fn put(self, encoded: Encoded<'_>) {
        match self.style {
            Style::UnlessZero if encoded.is_zero() => {}
            Style::UnlessZero | Style::Keyed => encoded.put_field(self.number, self.writer.buffer),
            Style::Packed => encoded.put(self.writer.buffer),
        }
    }

    /// The serializer of the message, if it is one.
    #[inline]
    pub(super) fn message(self) -> std::result::Result<MessageSerializer<'s, 'w>, Self> {
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
    #[inline]
    pub(super) fn expect_message(self, given: impl fmt::Display) -> Result<MessageSerializer<'s, 'w>> {
        let of = self.one(&given)?;
        self.message().or_else(|_| misfit(of, given))
    }

    /// Whether `()` is a value of the type, and not only what JSON's null is given as.
    pub(super) fn has_unit(&self) -> bool {
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

pub(super) fn is_bytes(of: &ValueType) -> bool {
    kind_name(&of.kind) == "bytes"
}
