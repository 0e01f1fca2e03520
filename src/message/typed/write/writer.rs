//! The buffer that a message is written into, and the messages that are open in it.
//!
//! Fields are written in the order in which a type of Rust gives them. If that is not the order of their numbers, in which
//! protobuf writes them, they are put in order when their message ends.

use std::cell::Cell;

use crate::message::check::MAX_DEPTH;
use crate::message::length::{ReservedLength, fill_in, reserve_length};
use crate::message::typed::error::TypedError;
use crate::message::wire::{WireType, key, put_varint};
use crate::schema::Layouts;

pub(super) struct Writer<'w> {
    pub(super) layouts: &'w Layouts,
    pub(super) buffer: &'w mut Vec<u8>,
    /// The fields of the messages that are open, each with its number and where it begins.
    parts: Vec<(u32, usize)>,
    /// How deep the message that is written is nested.
    depth: u32,
}

/// A message that is open.
pub(super) struct Open {
    /// Its first part.
    parts: usize,
    end: End,
}

enum End {
    /// The whole message ends with the buffer.
    Buffer,
    /// A length stands before it.
    Length(ReservedLength),
    /// A tag stands behind it.
    Group(u32),
}

thread_local! {
    static PARTS: Cell<Vec<(u32, usize)>> = const { Cell::new(Vec::new()) };
}

/// More than this is not kept between messages.
const KEPT: usize = 1 << 12;

impl<'w> Writer<'w> {
    pub(super) fn new(layouts: &'w Layouts, buffer: &'w mut Vec<u8>) -> Self {
        Self {
            layouts,
            buffer,
            parts: PARTS.take(),
            depth: 0,
        }
    }

    /// Begins the whole message.
    pub(super) fn open_root(&self) -> Open {
        Open {
            parts: self.parts.len(),
            end: End::Buffer,
        }
    }

    /// Begins a message in a field.
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
        Ok(Open {
            parts: self.parts.len(),
            end,
        })
    }

    /// Ends it.
    pub(super) fn close(&mut self, open: Open) {
        self.put_in_order(open.parts);
        match open.end {
            End::Buffer => return,
            End::Length(reserved) => self.close_length(reserved),
            End::Group(number) => put_varint(self.buffer, key(number, WireType::EndGroup).into()),
        }
        self.depth -= 1;
    }

    /// Begins contents that have their length before them.
    pub(super) fn open_length(&mut self, number: u32) -> ReservedLength {
        put_varint(self.buffer, key(number, WireType::LengthDelimited).into());
        reserve_length(self.buffer, 1)
    }

    pub(super) fn close_length(&mut self, reserved: ReservedLength) {
        fill_in(self.buffer, reserved);
    }

    /// Notes what was written since `start` as a field of the open message. Returns whether it was anything.
    pub(super) fn add_part(&mut self, number: u32, start: usize) -> bool {
        let written = self.buffer.len() > start;
        if written {
            self.parts.push((number, start));
        }
        written
    }

    fn put_in_order(&mut self, first: usize) {
        let parts = &mut self.parts[first..];
        if !parts.is_sorted_by_key(|(number, _)| *number) {
            let start = parts[0].1;
            let written = self.buffer.split_off(start);
            let mut ends: Vec<usize> = parts[1..].iter().map(|(_, start)| *start).collect();
            ends.push(start + written.len());
            let mut sorted: Vec<_> = parts.iter().zip(ends).collect();
            sorted.sort_by_key(|((number, _), _)| *number);
            for ((_, from), to) in sorted {
                self.buffer.extend_from_slice(&written[from - start..to - start]);
            }
        }
        self.parts.truncate(first);
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        let mut parts = std::mem::take(&mut self.parts);
        parts.clear();
        if parts.capacity() <= KEPT {
            PARTS.set(parts);
        }
    }
}
