//! What a message is read by: deserializers of a message, of a field, and of one value.
//!
//! Each can give the next: a message its fields, a field its values, and a value the message that it is. So they are
//! defined together here, and how each answers serde is in a file of its own. A type asks for what it wants, and the schema
//! says what there is: what does not fit is an error of serde's, with the path of the field.

use std::sync::atomic::Ordering;

use super::reader::{Pieces, Reader};
use super::scalar::Scalar;
use super::well_known::{is_json, json, unwrapped};
use crate::message::typed::error::TypedError;
use crate::message::wire::Reader as WireReader;
use crate::schema::{
    Detail, Field, Fields, Form, LayoutId, Oneof, StructKey, StructKeys, Target, ValueType, WellKnown,
};

pub(super) type Result<T> = std::result::Result<T, TypedError>;

/// Whether a key is given though its field is not there.
pub(super) fn is_given_without(key: &StructKey, field: &Field) -> bool {
    match &field.form {
        Form::One(of) if matches!(of.detail, Detail::Message { .. }) => false,
        Form::One(_) => !field.has_presence || key.required.load(Ordering::Relaxed),
        Form::List(_) | Form::Map(_) => true,
    }
}

/// A message.
pub(super) struct MessageDeserializer<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) message: LayoutId,
    pub(super) pieces: Pieces,
}

/// All that a field holds: a value, a list, a map.
pub(super) struct FieldDeserializer<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) field: &'de Field,
    pub(super) held: Held<'de>,
}

/// Where what a field holds is.
#[derive(Clone, Copy)]
pub(super) enum Held<'de> {
    /// It is not there.
    Nothing,
    Pieces(Pieces),
    /// It is read already.
    Scalar(Scalar<'de>),
}

impl Held<'_> {
    #[inline]
    pub(super) fn found(pieces: Option<Pieces>) -> Self {
        pieces.map_or(Self::Nothing, Self::Pieces)
    }

    pub(super) fn pieces(self) -> Option<Pieces> {
        match self {
            Self::Pieces(pieces) => Some(pieces),
            Self::Nothing | Self::Scalar(_) => None,
        }
    }
}

/// One value: that of a field, of a list's element, of a map's key.
pub(super) struct ValueDeserializer<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) of: &'de ValueType,
    pub(super) at: At<'de>,
}

#[derive(Clone, Copy)]
pub(super) enum At<'de> {
    Pieces(Pieces),
    /// It is read already, or is a default.
    Scalar(Scalar<'de>),
    /// It is the key of a map, which is text where text is asked for.
    Key(Scalar<'de>),
}

/// Methods of a deserializer that do what another one does.
macro_rules! forward {
    ($($method:ident)* => $to:ident) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                self.$to(visitor)
            }
        )*
    };
}

pub(super) use forward;

impl<'de> MessageDeserializer<'_, 'de> {
    #[inline]
    pub(super) fn fields(&self) -> &'de Fields {
        self.reader.layouts.fields(self.message)
    }

    #[inline]
    pub(super) fn well_known(&self) -> Option<WellKnown> {
        self.fields().well_known
    }

    /// The JSON that the message stands for, if it stands for any.
    #[inline]
    pub(super) fn json(&mut self) -> Result<Option<serde_json::Value>> {
        match self.well_known() {
            Some(which) if is_json(Some(which)) => {
                json(self.reader, which, self.message, self.pieces).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn is_null(&mut self) -> Result<bool> {
        Ok(self.well_known() == Some(WellKnown::Value) && self.json()?.is_some_and(|json| json.is_null()))
    }

    /// The value in the wrapper, if it is one.
    pub(super) fn unwrapped(&mut self) -> Result<Option<ValueDeserializer<'_, 'de>>> {
        let fields = self.fields();
        match (fields.well_known, fields.list.first().map(|field| &field.form)) {
            (Some(WellKnown::Wrapper), Some(Form::One(of))) => {
                let scalar = unwrapped(self.reader, self.message, of, self.pieces)?;
                Ok(Some(ValueDeserializer {
                    reader: &mut *self.reader,
                    of,
                    at: At::Scalar(scalar),
                }))
            }
            _ => Ok(None),
        }
    }
}

impl<'r, 'de> FieldDeserializer<'r, 'de> {
    /// The value of a field that has one.
    #[inline]
    pub(super) fn one(self, of: &'de ValueType) -> ValueDeserializer<'r, 'de> {
        let at = match self.held {
            Held::Pieces(pieces) => At::Pieces(pieces),
            Held::Scalar(scalar) => At::Scalar(scalar),
            Held::Nothing => At::Scalar(Scalar::of_default(&self.field.default)),
        };
        ValueDeserializer {
            reader: self.reader,
            of,
            at,
        }
    }
}

impl<'de> ValueDeserializer<'_, 'de> {
    #[inline]
    pub(super) fn scalar(&self) -> Result<Scalar<'de>> {
        match self.at {
            At::Scalar(scalar) | At::Key(scalar) => Ok(scalar),
            At::Pieces(pieces) => Scalar::read(
                &self.of.kind,
                &mut WireReader::new(self.reader.scalar_bytes(pieces)),
            ),
        }
    }

    /// The deserializer of the message, if it is one.
    #[inline]
    pub(super) fn message(&mut self) -> Option<MessageDeserializer<'_, 'de>> {
        match (&self.of.detail, self.at) {
            (Detail::Message { layout, .. }, At::Pieces(pieces)) => Some(MessageDeserializer {
                reader: &mut *self.reader,
                message: *layout,
                pieces,
            }),
            _ => None,
        }
    }
}

/// What was found of a message.
#[derive(Clone, Copy)]
pub(super) struct Found<'de> {
    pub(super) fields: &'de Fields,
    pub(super) keys: &'de StructKeys,
    /// The number of its first slot.
    pub(super) slots: usize,
}

impl<'de> Found<'de> {
    #[inline]
    pub(super) fn field(&self, slot: u16) -> &'de Field {
        self.fields.field(self.keys.slots[usize::from(slot)].field)
    }

    pub(super) fn pieces(&self, reader: &Reader<'de>, slot: u16) -> Option<Pieces> {
        reader.found(self.slots + usize::from(slot))
    }

    /// The member of a oneof that is there, and its index.
    pub(super) fn member(&self, reader: &Reader<'de>, oneof: &Oneof) -> Option<(usize, u16, Pieces)> {
        oneof.members.iter().enumerate().find_map(|(index, member)| {
            let slot = self.keys.slot_of_field(*member)?;
            Some((index, *member, self.pieces(reader, slot)?))
        })
    }

    /// Notes that the struct cannot do without a field whose default the proto knows. Such a field is not given at first,
    /// so that a default of the struct's own counts.
    pub(super) fn learn(&self, error: TypedError) -> TypedError {
        let Some(missing) = error.missing() else {
            return error;
        };
        let Some(key) = self.keys.keys.iter().find(|key| *key.name == *missing) else {
            return error;
        };
        let Target::Field(slot) = key.target else {
            return error;
        };
        let has_default = match &self.field(slot).form {
            Form::One(of) => !matches!(of.detail, Detail::Message { .. }),
            _ => false,
        };
        if has_default && !key.required.swap(true, Ordering::Relaxed) {
            return error.read_again();
        }
        error
    }
}
