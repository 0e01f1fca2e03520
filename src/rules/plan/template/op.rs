//! The operations of a template.

use prost_reflect::Kind;

use super::padded::PaddedBytes;
use super::target::Target;
use crate::cel::Program;
use crate::message::{Slot, Width};
use crate::rules::plan::numbers::IntEncoding;
use crate::rules::plan::text::Text;

/// A message, ready to be written.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) ops: Box<[Op]>,
}

/// One step of writing a message.
#[derive(Debug)]
pub(crate) enum Op {
    /// Bytes known at load.
    Constant(PaddedBytes),
    /// A length, and what it is the length of.
    Nested(Nested),
    /// Where such a length goes, and where what it is the length of ends: a [`Nested`](Op::Nested) that is not too
    /// deep.
    Open(Box<Open>),
    Close(Close),
    /// A scalar of the request, as it is on the wire.
    Copy(Copy),
    /// A message of the request, as it is on the wire.
    CopyMessage(Box<CopyMessage>),
    /// What is the same in each round of a loop.
    Cached(Cached),
    /// An integer that an expression gives.
    Int(Box<Int>),
    /// A double that an expression gives.
    Double(Box<Double>),
    /// Text with expressions in it.
    Joined(Box<Joined>),
    /// What an expression gives.
    Dynamic(Box<Dynamic>),
}

/// A length-delimited value; its key is written already.
#[derive(Debug)]
pub(crate) struct Nested {
    pub(crate) ops: Box<[Op]>,
    pub(crate) width: Width,
}

impl Nested {
    pub(crate) fn new(ops: Box<[Op]>) -> Self {
        let width = Width::default();
        Self { ops, width }
    }
}

/// How many lengths can be open at a time in one list of operations.
pub(crate) const MAX_OPEN: usize = 4;

/// The beginning of a nested message.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) level: u8,
    /// What stands around the length: before it a key and whatever is constant before that, after it what the message
    /// begins with. In between is one byte for the length.
    pub(crate) around: PaddedBytes,
    /// Where that byte is.
    pub(crate) gap: usize,
    pub(crate) width: Width,
}

/// The end of a nested message.
#[derive(Debug)]
pub(crate) struct Close {
    pub(crate) level: u8,
    /// The place of its [`Open`](Op::Open).
    pub(crate) open: usize,
}

/// A scalar that is set from one of the same kind.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) slot: Slot,
    /// Of both fields.
    pub(crate) kind: Kind,
    /// 0 in a packed list, whose elements have none.
    pub(crate) key: u32,
    /// Whether zero is written as nothing.
    pub(crate) omit_zero: bool,
    /// Whether unset stays unset.
    pub(crate) omit_absent: bool,
}

/// A field that is set from one of the same message type.
#[derive(Debug)]
pub(crate) struct CopyMessage {
    pub(crate) slot: Slot,
    pub(crate) key: u32,
    /// For a message that came in pieces.
    pub(crate) merged: Dynamic,
}

/// A run of operations that write the same bytes in each round.
#[derive(Debug)]
pub(crate) struct Cached {
    /// The place of the bytes in the loop cache.
    pub(crate) place: usize,
    pub(crate) ops: Box<[Op]>,
}

/// An integer that an expression gives.
#[derive(Debug)]
pub(crate) struct Int {
    /// 0 in a packed list, whose elements have none.
    pub(crate) key: u32,
    pub(crate) encoding: IntEncoding,
    /// Whether zero is written as nothing.
    pub(crate) omit_zero: bool,
    pub(crate) program: Program,
    /// The end of the message whose last field it is.
    pub(crate) close: Option<Close>,
    /// For messages to people.
    pub(crate) field: String,
    pub(crate) kind: Kind,
}

/// A double that an expression gives.
#[derive(Debug)]
pub(crate) struct Double {
    pub(crate) key: u32,
    /// Whether zero is written as nothing.
    pub(crate) omit_zero: bool,
    /// For messages to people.
    pub(crate) field: String,
    pub(crate) program: Program,
}

/// A string with expressions in it.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) key: u32,
    pub(crate) omit_empty: bool,
    pub(crate) field: String,
    pub(crate) text: Text,
}

/// A value that an expression gives.
#[derive(Debug)]
pub(crate) struct Dynamic {
    pub(crate) target: Target,
    pub(crate) program: Program,
    /// The field of the request whose presence is copied too.
    pub(crate) presence: Option<Slot>,
}
