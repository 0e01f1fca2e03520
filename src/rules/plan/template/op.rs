//! The operations of a template.

use prost_reflect::Kind;

use super::padded::PaddedBytes;
use super::target::Target;
use crate::cel::Program;
use crate::message::{LengthWidth, Slot};
use crate::rules::plan::numbers::IntEncoding;
use crate::rules::plan::text::Text;
use crate::rules::plan::value::Each;

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
    /// A length-delimited value, which operations of its own write.
    Nested(Nested),
    /// Begins a length-delimited value. Up to [`MAX_OPEN`] levels are written this way, and deeper ones as
    /// [`Nested`](Op::Nested).
    Open(Box<Open>),
    /// Ends a length-delimited value.
    Close(Close),
    /// A scalar of the request, as it is on the wire.
    Copy(Copy),
    /// A message of the request, as it is on the wire.
    CopyMessage(Box<CopyMessage>),
    /// Bytes that are the same in each round of a loop.
    Cached(Cached),
    /// An integer that an expression gives.
    Int(Box<Int>),
    /// A double that an expression gives.
    Double(Box<Double>),
    /// Text with expressions in it.
    Joined(Box<Joined>),
    /// A value that an expression gives.
    Dynamic(Box<Dynamic>),
    /// A list or a map that a loop makes.
    Each(Box<EachOp>),
    /// The text with which a request asks for the next page of a list, if there is one.
    NextPage(Box<NextPage>),
    /// How many elements a list has in all its pages.
    TotalSize(Box<TotalSize>),
}

/// A length-delimited value; its key is written already.
#[derive(Debug)]
pub(crate) struct Nested {
    pub(crate) ops: Box<[Op]>,
    pub(crate) width: LengthWidth,
}

impl Nested {
    pub(crate) fn new(ops: Box<[Op]>) -> Self {
        let width = LengthWidth::default();
        Self { ops, width }
    }
}

/// How many lengths can be open at a time in one list of operations.
pub(crate) const MAX_OPEN: usize = 4;

/// The beginning of a nested message.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) level: u8,
    /// Constant bytes around the length: what precedes it, one byte for the length, and the constants that the message
    /// begins with.
    pub(crate) around: PaddedBytes,
    /// The place of the byte for the length.
    pub(crate) gap: usize,
    pub(crate) width: LengthWidth,
}

/// The end of a nested message.
#[derive(Debug)]
pub(crate) struct Close {
    pub(crate) level: u8,
    /// The index of its [`Open`](Op::Open).
    pub(crate) open: usize,
}

/// A scalar that is set from one of the same kind.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) slot: Slot,
    /// The kind of both fields.
    pub(crate) kind: Kind,
    /// 0 in a packed list, whose elements have no keys.
    pub(crate) key: u32,
    /// Whether zero is left out.
    pub(crate) omit_zero: bool,
    /// Whether unset stays unset.
    pub(crate) omit_absent: bool,
    pub(crate) spot: Box<Spot>,
}

/// A field that is set from one of the same message type.
#[derive(Debug)]
pub(crate) struct CopyMessage {
    pub(crate) slot: Slot,
    pub(crate) key: u32,
    /// Used if the request has the message in several pieces, which must be merged.
    pub(crate) merged: Dynamic,
}

/// A run of operations that write the same bytes in each round.
#[derive(Debug)]
pub(crate) struct Cached {
    /// The place of the bytes in the loop cache.
    pub(crate) place: usize,
    pub(crate) ops: Box<[Op]>,
}

/// What an error names: the field, and where its value stands in the file.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) field: String,
    pub(crate) at: usize,
}

/// An integer that an expression gives.
#[derive(Debug)]
pub(crate) struct Int {
    /// 0 in a packed list, whose elements have no keys.
    pub(crate) key: u32,
    pub(crate) encoding: IntEncoding,
    /// Whether zero is left out.
    pub(crate) omit_zero: bool,
    pub(crate) program: Program,
    /// The end of the message, if this is its last field.
    pub(crate) close: Option<Close>,
    pub(crate) spot: Spot,
    pub(crate) kind: Kind,
}

/// A double that an expression gives.
#[derive(Debug)]
pub(crate) struct Double {
    pub(crate) key: u32,
    /// Whether zero is left out.
    pub(crate) omit_zero: bool,
    pub(crate) spot: Spot,
    pub(crate) program: Program,
}

/// A string with expressions in it.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) key: u32,
    /// Whether the empty string is left out.
    pub(crate) omit_empty: bool,
    pub(crate) spot: Spot,
    pub(crate) text: Text,
}

/// A value that an expression gives.
#[derive(Debug)]
pub(crate) struct Dynamic {
    pub(crate) target: Target,
    /// Where the expression stands in the file.
    pub(crate) at: usize,
    pub(crate) program: Program,
    /// Where a field is set from one that can be unset, which is copied, too.
    pub(crate) presence: Presence,
    pub(crate) writes: Writes,
}

/// How a value comes into the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// As a whole.
    Value,
    /// As a text for a field of strings, always, without a value between.
    Text,
    /// Element by element of a list for a repeated field, always, without a list between.
    Elements,
}

/// Whether nothing is written because a field is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// There is always a value.
    Always,
    /// A field of the request.
    OfRequest(Slot),
    /// The [field of an element](Program::is_field_of_element) that the program is.
    OfElement,
}

/// Elements or entries, which operations of their own write in each round.
#[derive(Debug)]
pub(crate) struct EachOp {
    pub(crate) each: Each,
    pub(crate) ops: Box<[Op]>,
    /// In a packed list: the key before all elements, and how many bytes their length took the last time.
    pub(crate) packed: Option<(u32, LengthWidth)>,
    pub(crate) spot: Spot,
}

/// A text field that says where the next page begins.
#[derive(Debug)]
pub(crate) struct NextPage {
    /// What makes the list, without what it makes.
    pub(crate) each: Each,
    pub(crate) key: u32,
    pub(crate) spot: Spot,
}

/// A number field that says how many elements there are in all pages.
#[derive(Debug)]
pub(crate) struct TotalSize {
    /// What makes the list, without what it makes.
    pub(crate) each: Each,
    pub(crate) key: u32,
    pub(crate) spot: Spot,
}

impl Op {
    /// What writing costs, apart from what depends on the sizes of values. A loop charges its rounds itself.
    pub(crate) fn fixed_cost(&self) -> u64 {
        let ops = |ops: &[Op]| ops.iter().map(Op::fixed_cost).sum::<u64>();
        1 + match self {
            Self::Constant(_) | Self::Open(_) | Self::Close(_) | Self::Copy(_) | Self::CopyMessage(_) => 0,
            Self::Nested(nested) => ops(&nested.ops),
            Self::Cached(cached) => ops(&cached.ops),
            Self::Int(int) => int.program.fixed_cost(),
            Self::Double(double) => double.program.fixed_cost(),
            Self::Joined(joined) => joined.text.programs().map(Program::fixed_cost).sum(),
            Self::Dynamic(dynamic) => dynamic.program.fixed_cost(),
            Self::Each(looped) => looped.each.list.fixed_cost(),
            Self::NextPage(next) => next.each.list.fixed_cost(),
            Self::TotalSize(total) => total.each.list.fixed_cost(),
        }
    }
}
