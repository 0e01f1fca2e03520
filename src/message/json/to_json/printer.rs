//! A message that is printed, and what its bytes are read by.

use super::entry::Entry;
use super::groups::GroupEnds;
use super::notes::{Contents, Notes, Range};
use super::scalar::Scalar;
use crate::message::error::MessageError;
use crate::message::wire::Reader;
use crate::schema::{JsonFields, JsonKind, Layouts};

/// A message that is printed.
pub(super) struct Printer<'w, 'j> {
    pub(super) layouts: &'w Layouts,
    /// The whole message.
    pub(super) wire: &'w [u8],
    pub(super) json: &'j mut Vec<u8>,
    /// The length up to which it may grow.
    end: usize,
    max_size: usize,
    pub(super) notes: Notes,
    pub(super) groups: GroupEnds,
    /// The entries of the maps that are being printed.
    pub(super) entries: Vec<Entry>,
}

/// So many parts are noted without more memory. It is enough for the small messages that most are.
const PARTS: usize = 32;

impl<'w, 'j> Printer<'w, 'j> {
    pub(super) fn new(
        layouts: &'w Layouts,
        wire: &'w [u8],
        max_size: usize,
        json: &'j mut Vec<u8>,
    ) -> Result<Self, MessageError> {
        if u32::try_from(wire.len()).is_err() {
            return Err(MessageError::unfit_json("a message of 4 GiB or more has no JSON"));
        }
        let notes = Notes {
            parts: Vec::with_capacity(PARTS),
            ranges: Vec::new(),
        };
        Ok(Self {
            layouts,
            wire,
            end: json.len().saturating_add(max_size),
            max_size,
            json,
            notes,
            groups: GroupEnds::default(),
            entries: Vec::new(),
        })
    }

    pub(super) fn whole(&self) -> Contents {
        Contents::One(Range {
            start: 0,
            end: self.wire.len() as u32,
        })
    }

    /// Fails if there is more than there may be.
    #[inline]
    pub(super) fn expect_room(&self) -> Result<(), MessageError> {
        self.expect_room_for(0)
    }

    #[inline]
    fn expect_room_for(&self, bytes: usize) -> Result<(), MessageError> {
        if self.json.len().saturating_add(bytes) > self.end {
            return Err(MessageError::json_too_large(self.max_size));
        }
        Ok(())
    }

    /// Prints a value that is no message. `fields` are those of the message that it is in.
    #[inline]
    pub(super) fn put(&mut self, scalar: Scalar<'_>, fields: &JsonFields) -> Result<(), MessageError> {
        self.expect_room_for(scalar.least_length())?;
        scalar.put(fields, self.json);
        self.expect_room()
    }

    /// The bytes of a message whose value is at this place.
    pub(super) fn contents_at(
        &mut self,
        kind: JsonKind,
        number: u32,
        at: u32,
    ) -> Result<Range, MessageError> {
        if let JsonKind::Group(_) = kind {
            let (end, _) = self.groups.end(self.wire, number, at)?;
            return Ok(Range { start: at, end });
        }
        self.delimited_at(at)
    }

    /// Where what follows a length is.
    pub(super) fn delimited_at(&self, at: u32) -> Result<Range, MessageError> {
        let mut reader = self.reader_from(at);
        let length = reader.delimited()?.len();
        let end = self.wire.len() - reader.rest().len();
        Ok(Range {
            start: (end - length) as u32,
            end: end as u32,
        })
    }

    pub(super) fn reader(&self, range: Range) -> Reader<'w> {
        Reader::new(&self.wire[range.start as usize..range.end as usize])
    }

    pub(super) fn reader_from(&self, at: u32) -> Reader<'w> {
        Reader::new(&self.wire[at as usize..])
    }
}

/// The depth within a message.
pub(super) fn deeper(depth: u32) -> Result<u32, MessageError> {
    depth.checked_sub(1).ok_or_else(MessageError::any_too_deep)
}
