//! Where the parts of a message's fields are.

/// A part of the wire, by its first byte and the byte after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The bytes of a message, without its key, length and tags.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contents {
    One(Range),
    /// Those at these indices of [`Notes::ranges`], one after the other.
    Pieces {
        first: usize,
        last: usize,
    },
}

/// One part of a field: an element, a value, a piece of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// The index of the field, with [`PACKED`] added where this holds any number of elements.
    field: u32,
    /// Where it is on the wire, after its key.
    pub(super) at: u32,
}

const PACKED: u32 = 1 << 31;

/// The parts of a field or of a message, by their indices in [`Notes::parts`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) first: usize,
    pub(super) last: usize,
}

/// What was noted of the messages that are being printed, each after those that it is in.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) parts: Vec<Part>,
    pub(super) ranges: Vec<Range>,
}

impl Part {
    pub(super) fn new(index: usize, packed: bool, at: u32) -> Self {
        let flag = if packed { PACKED } else { 0 };
        let field = index as u32 | flag;
        Self { field, at }
    }

    pub(super) fn field(self) -> usize {
        (self.field & !PACKED) as usize
    }

    pub(super) fn is_packed(self) -> bool {
        self.field & PACKED != 0
    }
}
