//! The fields of a message that stand in the order in which a struct has them: each is given where it stands in the bytes, in
//! one pass and without a note of where the others are.

use std::cmp::Ordering;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess};

use super::parts::{FieldDeserializer, Held, Result, is_given_without};
use super::reader::{Piece, Reader, piece_at};
use super::scalar::Scalar;
use crate::message::check::MAX_DEPTH;
use crate::message::typed::error::TypedError;
use crate::message::wire::{Reader as WireReader, WireType};
use crate::schema::{Detail, Field, Fields, Form, Layout, Shape, StructKeys};

/// The keys and values of a message whose fields stand [in order](crate::message::check::Order::Ascending), for a struct whose
/// keys [do, too](StructKeys::are_ascending).
pub(super) struct OrderedAccess<'r, 'de> {
    reader: &'r mut Reader<'de>,
    layout: &'de Layout,
    fields: &'de Fields,
    keys: &'de StructKeys,
    /// What of the message has not been given.
    wire: WireReader<'de>,
    /// Where the message begins.
    start: u32,
    /// The field that comes next, if its key has been read.
    ahead: Option<Ahead>,
    /// The index of the key after the one that was given.
    next: usize,
}

/// A field whose key has been read.
#[derive(Clone, Copy)]
struct Ahead {
    /// Its index in the layout.
    at: usize,
    wire_type: WireType,
}

impl<'r, 'de> OrderedAccess<'r, 'de> {
    #[inline]
    pub(super) fn new(
        reader: &'r mut Reader<'de>,
        layout: &'de Layout,
        fields: &'de Fields,
        keys: &'de StructKeys,
        message: Piece,
    ) -> Self {
        Self {
            layout,
            fields,
            keys,
            wire: WireReader::new(reader.slice(message)),
            start: message.start,
            ahead: None,
            next: 0,
            reader,
        }
    }

    /// The field that comes next. `None` after the last one.
    #[inline]
    fn ahead(&mut self) -> Result<Option<Ahead>> {
        while self.ahead.is_none() {
            let Some(byte) = self.wire.peek() else { break };
            if let Some(at) = self.layout.index_of_short_key(byte) {
                self.wire.pass();
                self.ahead = Some(Ahead {
                    at,
                    wire_type: WireType::of_key(byte.into())?,
                });
                break;
            }
            let (number, wire_type) = self.wire.key()?;
            if wire_type == WireType::EndGroup {
                self.wire = WireReader::new(&[]);
                break;
            }
            match self.layout.field_index(number) {
                Some(at) => self.ahead = Some(Ahead { at, wire_type }),
                None => {
                    self.wire.skip(number, wire_type, MAX_DEPTH)?;
                }
            }
        }
        Ok(self.ahead)
    }

    /// Passes what stands before the field with this index in the layout. Returns whether that is there.
    #[inline]
    fn find(&mut self, at: usize) -> Result<bool> {
        while let Some(ahead) = self.ahead()? {
            let field = &self.layout.fields[ahead.at];
            match ahead.at.cmp(&at) {
                Ordering::Greater => return Ok(false),
                Ordering::Equal if !self.holds_unknown_number(field.shape, ahead.wire_type)? => {
                    return Ok(true);
                }
                Ordering::Equal | Ordering::Less => {
                    self.wire.skip(field.number, ahead.wire_type, MAX_DEPTH)?;
                    self.ahead = None;
                }
            }
        }
        Ok(false)
    }

    /// Whether what comes is a number that its closed enum does not name, which is an unknown field.
    #[inline]
    fn holds_unknown_number(&self, shape: Shape, wire_type: WireType) -> Result<bool> {
        match shape {
            Shape::ClosedEnum(values) if wire_type == WireType::Varint => {
                let mut wire = self.wire;
                Ok(!self.layout.is_value(values, wire.varint()?))
            }
            _ => Ok(false),
        }
    }

    /// Takes all that the field ahead holds.
    #[inline]
    fn take(&mut self, field: &Field) -> Result<Held<'de>> {
        if let Form::One(of) = &field.form
            && !matches!(of.detail, Detail::Message { .. })
        {
            self.ahead = None;
            return Scalar::take(&of.kind, &mut self.wire).map(Held::Scalar);
        }
        self.take_pieces(field.at)
    }

    fn take_pieces(&mut self, at: usize) -> Result<Held<'de>> {
        let mut pieces = None;
        while let Some(ahead) = self.ahead()?
            && ahead.at == at
        {
            let field = &self.layout.fields[at];
            self.ahead = None;
            let piece = piece_at(&mut self.wire, self.start, self.layout, field, ahead.wire_type)?;
            let Some(piece) = piece else { continue };
            match pieces {
                None => pieces = Some(self.reader.push(piece)),
                Some(_) => self.reader.push_next(piece),
            }
        }
        Ok(Held::found(pieces))
    }
}

impl<'de> MapAccess<'de> for OrderedAccess<'_, 'de> {
    type Error = TypedError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        while let Some((key, slot)) = self.keys.keys.get(self.next).zip(self.keys.slots.get(self.next)) {
            self.next += 1;
            let field = self.fields.field(slot.field);
            if self.find(field.at)? || is_given_without(key, field) {
                return seed
                    .deserialize(BorrowedStrDeserializer::new(&key.name))
                    .map(Some);
            }
        }
        Ok(None)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let index = self.next - 1;
        let field = self.fields.field(self.keys.slots[index].field);
        let mark = self.reader.mark();
        let held = match self.ahead {
            Some(ahead) if ahead.at == field.at => self.take(field)?,
            _ => Held::Nothing,
        };
        let value = seed.deserialize(FieldDeserializer {
            reader: &mut *self.reader,
            field,
            held,
        });
        self.reader.forget(&mark);
        value.map_err(|error| error.in_field(&self.keys.keys[index].name))
    }
}
