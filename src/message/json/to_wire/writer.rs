//! The bytes that are written, and the messages that are open in them.

use serde::de::Error;

use super::raw::{Raw, Style};
use crate::message::check::Bounds;
use crate::message::length::{ReservedLength, fill_in, reserve_length};
use crate::message::wire::{Malformed, WireType, put_varint};
use crate::schema::Layouts;

pub(super) struct Writer<'w> {
    pub(super) layouts: &'w Layouts,
    /// The whole text.
    pub(super) json: &'w [u8],
    pub(super) buffer: &'w mut Vec<u8>,
    bounds: Bounds,
    /// How deep the message that is open is nested.
    depth: u32,
    /// How many objects and lists are open.
    nesting: u32,
    /// How many values there may still be.
    elements: u32,
    /// For each message that is open, the bits of its fields and oneofs that have come.
    seen: Vec<u64>,
    /// How many `Any`s are open whose type was not their first key.
    pub(super) late_types: u32,
    /// Over which bound the message is.
    pub(super) over: Option<Malformed>,
    /// Where the error is, from the inside to the outside.
    pub(super) path: Vec<Step<'w>>,
    /// Whether the error's line and column count from the start of the text already.
    pub(super) is_placed: bool,
}

/// A step of the path.
#[derive(Debug)]
pub(super) enum Step<'w> {
    Field(&'w str),
    Index(usize),
    /// The key of an entry, which was cut if it is long.
    Key(String),
}

/// Where a message goes.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// It is all there is: the whole message, or what an `Any` holds.
    Whole,
    /// Behind this key, which begins a group or comes before a length.
    Key(u32),
}

/// A message that is open.
pub(super) enum Open {
    Whole,
    Length(ReservedLength),
    /// The key that ends it.
    Group(u32),
}

/// The bits of the message that is open.
pub(super) struct Seen(usize);

/// serde_json reads no more, but begins anew when an `Any` is read a second time.
const MAX_NESTING: u32 = 127;

impl<'w> Writer<'w> {
    pub(super) fn new(layouts: &'w Layouts, bounds: Bounds, json: &'w [u8], buffer: &'w mut Vec<u8>) -> Self {
        Self {
            layouts,
            json,
            buffer,
            bounds,
            depth: 0,
            nesting: 0,
            elements: bounds.max_elements,
            seen: Vec::new(),
            late_types: 0,
            over: None,
            path: Vec::new(),
            is_placed: false,
        }
    }

    /// Begins a message.
    pub(super) fn open<E: Error>(&mut self, place: Place) -> Result<Open, E> {
        let Place::Key(key) = place else {
            return Ok(Open::Whole);
        };
        self.spend()?;
        self.depth += 1;
        if self.depth > self.bounds.max_depth {
            return Err(self.fail(Malformed::TooDeep));
        }
        put_varint(self.buffer, key.into());
        if key & 7 == WireType::StartGroup as u32 {
            return Ok(Open::Group(
                key - WireType::StartGroup as u32 + WireType::EndGroup as u32,
            ));
        }
        Ok(Open::Length(reserve_length(self.buffer, 1)))
    }

    /// Ends it.
    pub(super) fn close(&mut self, open: Open) {
        match open {
            Open::Whole => return,
            Open::Length(reserved) => self.close_length(reserved),
            Open::Group(end) => put_varint(self.buffer, end.into()),
        }
        self.depth -= 1;
    }

    /// Begins contents that have their length before them.
    pub(super) fn open_length(&mut self, key: u32) -> ReservedLength {
        put_varint(self.buffer, key.into());
        reserve_length(self.buffer, 1)
    }

    pub(super) fn close_length(&mut self, reserved: ReservedLength) {
        fill_in(self.buffer, reserved);
    }

    /// Writes a value.
    #[inline]
    pub(super) fn put<E: Error>(&mut self, raw: Raw<'_>, style: Style) -> Result<(), E> {
        if raw.put(style, self.buffer) {
            self.spend()?;
        }
        Ok(())
    }

    /// Begins what an `Any` holds, which is as deep as a message of its own. Returns the depth to come back to.
    pub(super) fn begin_held(&mut self) -> u32 {
        std::mem::take(&mut self.depth)
    }

    pub(super) fn end_held(&mut self, depth: u32) {
        self.depth = depth;
    }

    /// Takes a value from the budget.
    #[inline]
    pub(super) fn spend<E: Error>(&mut self) -> Result<(), E> {
        match self.elements.checked_sub(1) {
            Some(left) => {
                self.elements = left;
                Ok(())
            }
            None => Err(self.fail(Malformed::TooManyElements(self.bounds.max_elements))),
        }
    }

    #[cold]
    fn fail<E: Error>(&mut self, over: Malformed) -> E {
        self.over = Some(over);
        E::custom(over)
    }

    /// Begins an object or a list.
    pub(super) fn nest<E: Error>(&mut self) -> Result<(), E> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(E::custom("recursion limit exceeded"));
        }
        Ok(())
    }

    /// Ends it.
    pub(super) fn unnest(&mut self) {
        self.nesting -= 1;
    }

    /// Begins to note which of so many fields and oneofs of a message come.
    pub(super) fn begin_seen(&mut self, count: usize) -> Seen {
        let first = self.seen.len();
        self.seen.resize(first + count.div_ceil(64), 0);
        Seen(first)
    }

    /// Notes that one has come. Returns whether it is the first time.
    #[inline]
    pub(super) fn see(&mut self, seen: &Seen, index: usize) -> bool {
        let (word, bit) = (&mut self.seen[seen.0 + index / 64], 1 << (index % 64));
        let is_first = *word & bit == 0;
        *word |= bit;
        is_first
    }

    pub(super) fn end_seen(&mut self, seen: &Seen) {
        self.seen.truncate(seen.0);
    }
}
