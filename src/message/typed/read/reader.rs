//! Finds the fields that a struct wants in the bytes of a message.
//!
//! One pass over the bytes of a message notes where each field is: for a list all its pieces, for a message that came in
//! parts all parts, for anything else the last one. Pieces of all messages that are being read are on one stack, which
//! is kept between messages, so that reading allocates only what the values of Rust need.
//!
//! The bytes have passed [`check`](crate::message::check::check): they are well formed, and no deeper than its bounds.

use std::cell::Cell;

use crate::message::check::{DEFAULT_MAX_ELEMENTS, MAX_DEPTH, Order};
use crate::message::typed::error::TypedError;
use crate::message::wire::{Reader as WireReader, WireType};
use crate::schema::{FieldLayout, Layout, LayoutId, Layouts, Shape, StructKeys};

/// The message that is read, and what was found in it.
pub(super) struct Reader<'de> {
    pub(super) layouts: &'de Layouts,
    pub(super) bytes: &'de [u8],
    /// In which order fields stand in the bytes.
    pub(super) order: Order,
    scratch: Scratch,
    /// How many bytes may still be given one by one.
    single_bytes: usize,
}

#[derive(Default)]
struct Scratch {
    slots: Vec<Slot>,
    pieces: Vec<Piece>,
}

/// Where one field is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    first: u32,
    last: u32,
}

/// A part of the bytes that holds a value, or elements of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The field's next piece.
    next: u32,
    /// Whether it holds any number of elements.
    pub(super) packed: bool,
}

const NONE: u32 = u32::MAX;

/// The pieces of a field, by the number of the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pieces(u32);

/// What is to be forgotten when a message has been read.
pub(super) struct Mark {
    slots: usize,
    pieces: usize,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// More than this is not kept between messages.
const KEPT: usize = 1 << 12;

impl<'de> Reader<'de> {
    pub(super) fn new(layouts: &'de Layouts, bytes: &'de [u8], order: Order) -> Self {
        Self {
            layouts,
            bytes,
            order,
            scratch: SCRATCH.take(),
            single_bytes: DEFAULT_MAX_ELEMENTS as usize,
        }
    }

    /// The whole message.
    pub(super) fn root(&mut self) -> Pieces {
        let end = self.bytes.len() as u32;
        self.single(0, end)
    }

    /// Allows bytes to be given one by one to a type that keeps each as a value: as many as a list may have elements.
    pub(super) fn give_one_by_one(&mut self, bytes: &[u8]) -> Result<(), TypedError> {
        let left = self.single_bytes.checked_sub(bytes.len());
        self.single_bytes = left.ok_or_else(|| {
            TypedError::new(format!(
                "the type keeps each byte as a value, of which there may be {DEFAULT_MAX_ELEMENTS} in a message"
            ))
        })?;
        Ok(())
    }

    /// A piece of its own.
    #[inline]
    pub(super) fn single(&mut self, start: u32, end: u32) -> Pieces {
        self.push(Piece {
            start,
            end,
            next: NONE,
            packed: false,
        })
    }

    /// Adds a piece that no other one leads to.
    #[inline]
    pub(super) fn push(&mut self, piece: Piece) -> Pieces {
        self.scratch.pieces.push(piece);
        Pieces(self.scratch.pieces.len() as u32 - 1)
    }

    /// Adds a piece after the one that was added last.
    pub(super) fn push_next(&mut self, piece: Piece) {
        let next = self.scratch.pieces.len() as u32;
        if let Some(last) = self.scratch.pieces.last_mut() {
            last.next = next;
        }
        self.scratch.pieces.push(piece);
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark {
            slots: self.scratch.slots.len(),
            pieces: self.scratch.pieces.len(),
        }
    }

    #[inline]
    pub(super) fn forget(&mut self, mark: &Mark) {
        self.scratch.slots.truncate(mark.slots);
        self.scratch.pieces.truncate(mark.pieces);
    }

    /// Finds the fields of a message. Returns the number of its first slot.
    pub(super) fn find(
        &mut self,
        message: LayoutId,
        keys: &StructKeys,
        pieces: Pieces,
    ) -> Result<usize, TypedError> {
        let slots = self.scratch.slots.len();
        let empty = Slot {
            first: NONE,
            last: NONE,
        };
        self.scratch.slots.resize(slots + keys.slots.len(), empty);
        let layout = self.layouts.get(message);
        let mut next = pieces.0;
        while let Some(piece) = self.scratch.pieces.get(next as usize) {
            next = piece.next;
            let (start, end) = (piece.start, piece.end);
            self.find_in(layout, keys, slots, start, end)?;
        }
        Ok(slots)
    }

    fn find_in(
        &mut self,
        layout: &Layout,
        keys: &StructKeys,
        slots: usize,
        start: u32,
        end: u32,
    ) -> Result<(), TypedError> {
        let mut reader = WireReader::new(&self.bytes[start as usize..end as usize]);
        while !reader.is_empty() {
            let (number, wire_type) = reader.key()?;
            if wire_type == WireType::EndGroup {
                break;
            }
            let field = layout.field_index(number);
            let Some((field, slot)) = field.and_then(|field| Some((field, keys.slot_at(field)?))) else {
                reader.skip(number, wire_type, MAX_DEPTH)?;
                continue;
            };
            let field = &layout.fields[field];
            let Some(piece) = piece_at(&mut reader, start, layout, field, wire_type)? else {
                continue;
            };
            let collects = field.repeated || matches!(field.shape, Shape::Message(_) | Shape::Group(_));
            for other in &keys.slots[slot].clears {
                self.scratch.slots[slots + usize::from(*other)].first = NONE;
            }
            self.add(slots + slot, piece, collects);
        }
        Ok(())
    }

    fn add(&mut self, slot: usize, piece: Piece, collects: bool) {
        let Scratch { slots, pieces } = &mut self.scratch;
        let slot = &mut slots[slot];
        if slot.first == NONE {
            slot.first = pieces.len() as u32;
        } else if collects {
            pieces[slot.last as usize].next = pieces.len() as u32;
        } else {
            pieces[slot.last as usize] = piece;
            return;
        }
        slot.last = pieces.len() as u32;
        pieces.push(piece);
    }

    /// Whether a piece of bytes has a field of this number, whatever its value.
    pub(super) fn has_field(&self, piece: Piece, number: u32) -> Result<bool, TypedError> {
        let mut reader = WireReader::new(self.slice(piece));
        while !reader.is_empty() {
            let (found, wire_type) = reader.key()?;
            if found == number {
                return Ok(true);
            }
            reader.skip(found, wire_type, MAX_DEPTH)?;
        }
        Ok(false)
    }

    /// The pieces of a slot. `None` if the field is not there.
    #[inline]
    pub(super) fn found(&self, slot: usize) -> Option<Pieces> {
        let first = self.scratch.slots[slot].first;
        (first != NONE).then_some(Pieces(first))
    }

    /// The first of some pieces, and the others.
    #[inline]
    pub(super) fn split(&self, pieces: Pieces) -> (Piece, Option<Pieces>) {
        let piece = self.scratch.pieces[pieces.0 as usize];
        (piece, (piece.next != NONE).then_some(Pieces(piece.next)))
    }

    /// The bytes of a scalar, which has one piece.
    #[inline]
    pub(super) fn scalar_bytes(&self, pieces: Pieces) -> &'de [u8] {
        self.slice(self.split(pieces).0)
    }

    #[inline]
    pub(super) fn slice(&self, piece: Piece) -> &'de [u8] {
        &self.bytes[piece.start as usize..piece.end as usize]
    }

    /// All bytes of a message: its parts one after the other, which is the same message.
    pub(super) fn joined(&self, pieces: Pieces) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut left = Some(pieces);
        while let Some(pieces) = left {
            let piece;
            (piece, left) = self.split(pieces);
            bytes.extend_from_slice(self.slice(piece));
        }
        bytes
    }
}

/// The piece at a reader whose key was just read. `start` is where the reader began. `None` if it holds what is an unknown
/// field.
#[inline]
pub(super) fn piece_at(
    reader: &mut WireReader<'_>,
    start: u32,
    layout: &Layout,
    field: &FieldLayout,
    wire_type: WireType,
) -> Result<Option<Piece>, TypedError> {
    let at = |reader: &WireReader<'_>| start + reader.position() as u32;
    let (start, end, packed) = if wire_type == WireType::LengthDelimited {
        let length = reader.delimited()?.len() as u32;
        let end = at(reader);
        let packed = field.shape.wire_type() != WireType::LengthDelimited as u32;
        (end - length, end, packed)
    } else {
        let start = at(reader);
        if let Shape::ClosedEnum(values) = field.shape {
            // Another number is an unknown field, as in C++ and Java.
            if !layout.is_value(values, reader.varint()?) {
                return Ok(None);
            }
        } else {
            reader.skip(field.number, wire_type, MAX_DEPTH)?;
        }
        (start, at(reader), false)
    };
    Ok(Some(Piece {
        start,
        end,
        next: NONE,
        packed,
    }))
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.slots.clear();
        scratch.pieces.clear();
        if scratch.pieces.capacity() <= KEPT && scratch.slots.capacity() <= KEPT {
            SCRATCH.set(scratch);
        }
    }
}
