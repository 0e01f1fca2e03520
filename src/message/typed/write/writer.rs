//! The buffer that a message is written into, and the messages that are open in it.
//!
//! Fields are written in the order in which a type of Rust gives them. If that is not the order of their numbers, in which
//! protobuf writes them, they are put in order when their message ends.

use std::ops::Range;

use crate::message::check::MAX_DEPTH;
use crate::message::length::{ReservedLength, fill_in, reserve_length};
use crate::message::typed::error::TypedError;
use crate::message::wire::{Reader, WireType, key, put_varint};
use crate::schema::Layouts;

pub(super) struct Writer<'w> {
    pub(super) layouts: &'w Layouts,
    pub(super) buffer: &'w mut Vec<u8>,
    /// How deep the message that is written is nested.
    depth: u32,
}

/// A message that is open.
pub(super) struct Open {
    /// Where its fields begin.
    start: usize,
    end: End,
    /// The number of the last field.
    last: u32,
    /// Whether fields were given in another order than that of their numbers.
    out_of_order: bool,
}

enum End {
    /// The whole message ends with the buffer.
    Buffer,
    /// A length stands before it.
    Length(ReservedLength),
    /// A tag stands behind it.
    Group(u32),
}

impl Open {
    fn new(start: usize, end: End) -> Self {
        Self {
            start,
            end,
            last: 0,
            out_of_order: false,
        }
    }

    /// Notes that a field was written.
    #[inline]
    pub(super) fn add(&mut self, number: u32) {
        self.out_of_order |= number < self.last;
        self.last = number;
    }
}

impl<'w> Writer<'w> {
    pub(super) fn new(layouts: &'w Layouts, buffer: &'w mut Vec<u8>) -> Self {
        Self {
            layouts,
            buffer,
            depth: 0,
        }
    }

    /// Begins the whole message.
    #[inline]
    pub(super) fn open_root(&self) -> Open {
        Open::new(self.buffer.len(), End::Buffer)
    }

    /// Begins a message in a field.
    #[inline]
    pub(super) fn open(&mut self, number: u32, group: bool) -> Result<Open, TypedError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(TypedError::new(format!(
                "messages are nested more than {MAX_DEPTH} levels deep"
            )));
        }
        let end = if group {
            put_varint(self.buffer, key(number, WireType::StartGroup).into());
            End::Group(number)
        } else {
            End::Length(self.open_length(number))
        };
        Ok(Open::new(self.buffer.len(), end))
    }

    /// Ends it.
    #[inline]
    pub(super) fn close(&mut self, open: Open) -> Result<(), TypedError> {
        if open.out_of_order {
            self.put_in_order(open.start)?;
        }
        match open.end {
            End::Buffer => return Ok(()),
            End::Length(reserved) => self.close_length(reserved),
            End::Group(number) => put_varint(self.buffer, key(number, WireType::EndGroup).into()),
        }
        self.depth -= 1;
        Ok(())
    }

    /// Begins contents that have their length before them.
    #[inline]
    pub(super) fn open_length(&mut self, number: u32) -> ReservedLength {
        put_varint(self.buffer, key(number, WireType::LengthDelimited).into());
        reserve_length(self.buffer, 1)
    }

    #[inline]
    pub(super) fn close_length(&mut self, reserved: ReservedLength) {
        fill_in(self.buffer, reserved);
    }

    /// Sorts the fields that were written since `start`. Those of one number stay as they are.
    #[cold]
    fn put_in_order(&mut self, start: usize) -> Result<(), TypedError> {
        let written = self.buffer.split_off(start);
        let mut fields: Vec<(u32, Range<usize>)> = Vec::new();
        let mut reader = Reader::new(&written);
        while !reader.is_empty() {
            let from = reader.position();
            let (number, wire_type) = reader.key()?;
            reader.skip(number, wire_type, MAX_DEPTH)?;
            fields.push((number, from..reader.position()));
        }
        fields.sort_by_key(|(number, _)| *number);
        for (_, range) in fields {
            self.buffer.extend_from_slice(&written[range]);
        }
        Ok(())
    }
}
