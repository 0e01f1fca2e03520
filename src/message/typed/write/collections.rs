//! The elements of a list, and the entries of a map.

use serde::ser::Serialize;

use super::parts::{Of, Packing, Result, Style, ValueSerializer};
use super::writer::Writer;
use crate::message::length::ReservedLength;
use crate::schema::{Entry, ValueType};

/// The elements of a list.
pub(super) struct ListWriter<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) of: &'w ValueType,
    pub(super) number: u32,
    pub(super) packing: Packing,
    /// The length of the packed elements, once there is one.
    pub(super) packed: Option<ReservedLength>,
}

impl ListWriter<'_, '_> {
    pub(super) fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
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

    pub(super) fn close(self) {
        if let Some(packed) = self.packed {
            self.writer.close_length(packed);
        }
    }
}

/// The entries of a map.
pub(super) struct EntryWriter<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) entry: &'w Entry,
    pub(super) number: u32,
    /// The length of the entry whose key was written.
    pub(super) contents: Option<ReservedLength>,
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

    pub(super) fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.contents = Some(self.writer.open_length(self.number));
        self.part(1, key)
    }

    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.part(2, value)?;
        if let Some(contents) = self.contents.take() {
            self.writer.close_length(contents);
        }
        Ok(())
    }
}
