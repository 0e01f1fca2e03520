//! The elements of a list, and the entries of a map.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::parts::{At, Result, ValueDeserializer};
use super::reader::{Piece, Pieces, Reader};
use super::scalar::Scalar;
use crate::message::typed::error::TypedError;
use crate::message::wire::Reader as WireReader;
use crate::schema::{Detail, Entry, ValueType};

/// The elements of a list.
pub(super) struct ListAccess<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) of: &'de ValueType,
    pub(super) left: Option<Pieces>,
    /// The elements that are left of a packed piece.
    pub(super) packed: Option<WireReader<'de>>,
}

impl<'de> SeqAccess<'de> for ListAccess<'_, 'de> {
    type Error = TypedError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        loop {
            if let Some(packed) = &mut self.packed {
                if !packed.is_empty() {
                    let scalar = Scalar::read(&self.of.kind, packed)?;
                    if let (Scalar::Enum(number), Detail::Enum(table)) = (scalar, &self.of.detail)
                        && !table.is_value(number)
                    {
                        continue;
                    }
                    return self.element(At::Scalar(scalar), seed).map(Some);
                }
                self.packed = None;
            }
            let Some(pieces) = self.left else { return Ok(None) };
            let piece;
            (piece, self.left) = self.reader.split(pieces);
            if piece.packed {
                self.packed = Some(WireReader::new(self.reader.slice(piece)));
                continue;
            }
            let mark = self.reader.mark();
            let single = self.reader.single(piece.start, piece.end);
            let element = self.element(At::Pieces(single), seed);
            self.reader.forget(&mark);
            return element.map(Some);
        }
    }
}

impl<'de> ListAccess<'_, 'de> {
    fn element<T: DeserializeSeed<'de>>(&mut self, at: At<'de>, seed: T) -> Result<T::Value> {
        seed.deserialize(ValueDeserializer {
            reader: &mut *self.reader,
            of: self.of,
            at,
        })
    }
}

/// The entries of a map.
pub(super) struct EntryAccess<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
    pub(super) entry: &'de Entry,
    pub(super) left: Option<Pieces>,
    /// Where the value of the key is that was given.
    pub(super) value: Option<Piece>,
}

impl<'de> EntryAccess<'_, 'de> {
    /// Whether an entry is one. It is an unknown field if its value is none that its closed enum names.
    fn is_known(&mut self, entry: Piece) -> Result<bool> {
        let is_closed = matches!(&self.entry.value.detail, Detail::Enum(table) if table.is_closed);
        if !is_closed || !self.reader.has_field(entry, 2)? {
            return Ok(true);
        }
        let keys = self.reader.layouts.fields(self.entry.layout).all_keys();
        let mark = self.reader.mark();
        let single = self.reader.single(entry.start, entry.end);
        let slots = self.reader.find(self.entry.layout, keys, single)?;
        let value = keys
            .slot_of_field(1)
            .and_then(|slot| self.reader.found(slots + usize::from(slot)));
        self.reader.forget(&mark);
        Ok(value.is_some())
    }

    /// Gives the key or the value of an entry.
    fn part<T: DeserializeSeed<'de>>(
        &mut self,
        entry: Piece,
        number: u32,
        of: &'de ValueType,
        seed: T,
    ) -> Result<T::Value> {
        let fields = self.reader.layouts.fields(self.entry.layout);
        let keys = fields.all_keys();
        let mark = self.reader.mark();
        let single = self.reader.single(entry.start, entry.end);
        let slots = self.reader.find(self.entry.layout, keys, single)?;
        let slot = keys
            .slots
            .iter()
            .position(|slot| fields.field(slot.field).number == number);
        let pieces = slot.and_then(|slot| self.reader.found(slots + slot));
        let at = match (&of.detail, pieces) {
            (_, Some(pieces)) => At::Pieces(pieces),
            (Detail::Message { .. }, None) => At::Pieces(self.reader.single(0, 0)),
            (Detail::Enum(table), None) => At::Scalar(Scalar::zero(
                &of.kind,
                table.values.first().map_or(0, |(_, first)| *first),
            )),
            (Detail::Scalar, None) => At::Scalar(Scalar::zero(&of.kind, 0)),
        };
        let mut part = ValueDeserializer {
            reader: &mut *self.reader,
            of,
            at,
        };
        if number == 1 {
            part.at = At::Key(part.scalar()?);
        }
        let part = seed.deserialize(part);
        self.reader.forget(&mark);
        part
    }
}

impl<'de> MapAccess<'de> for EntryAccess<'_, 'de> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        loop {
            let Some(pieces) = self.left else { return Ok(None) };
            let piece;
            (piece, self.left) = self.reader.split(pieces);
            if self.is_known(piece)? {
                self.value = Some(piece);
                return self.part(piece, 1, &self.entry.key, seed).map(Some);
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let piece = self
            .value
            .take()
            .ok_or_else(|| TypedError::new("a value was asked for before its key"))?;
        self.part(piece, 2, &self.entry.value, seed)
    }
}
