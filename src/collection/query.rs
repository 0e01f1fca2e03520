//! What is read of a collection.

use bytes::Bytes;

use super::relation::Relation;
use super::scalar::Scalar;

/// Where a message stands in its collection: positions grow, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position(pub(crate) u64);

/// The position of the first message. It is not 0: who reads after 0, which a number that a client left out is, reads all.
pub(super) const FIRST: u64 = 1;

/// Which messages are read, and in which order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Query {
    pub(crate) order: Order,
    /// All of them hold.
    pub(crate) conditions: Vec<Condition>,
}

/// In which order messages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    #[default]
    Oldest,
    Newest,
}

/// A condition on a scalar field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    /// The number of the field.
    pub(crate) field: u32,
    pub(crate) relation: Relation,
    pub(crate) value: Scalar<'static>,
}

/// How much one batch holds at most. A single message may be larger than `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self {
            rows: 1024,
            bytes: 64 << 10,
        }
    }
}

/// How many messages one batch looks at, whether they are wanted or not.
pub(super) const MOST_SEEN: usize = 4096;

/// Some messages, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Batch {
    pub(crate) rows: Vec<(Position, Bytes)>,
    /// After which position the next batch begins. `None` if nothing was looked at, which leaves it as it was.
    pub(crate) seen: Option<Position>,
    /// Whether there are no more for now. There may be no rows, and yet more to look at.
    pub(crate) is_end: bool,
}

/// Cuts what lies one behind the other; each comes with where it ends.
pub(super) fn cut(rows: Vec<(Position, usize)>, bytes: Bytes) -> Vec<(Position, Bytes)> {
    let mut begin = 0;
    rows.into_iter()
        .map(|(position, end)| (position, bytes.slice(std::mem::replace(&mut begin, end)..end)))
        .collect()
}

/// How much a collection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extent {
    /// So many messages.
    pub(crate) count: u64,
    /// So many bytes of them.
    pub(crate) size: u64,
}

/// What is computed of the messages that a query finds. A field is the number of a scalar field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    /// How many there are: an [`Int`](Scalar::Int).
    Count,
    /// Of the type of the field, as in expressions. Of none it is 0.
    Sum(u32),
    /// A [`Double`](Scalar::Double). `None` of none.
    Average(u32),
    /// `None` of none.
    Least(u32),
    /// `None` of none.
    Greatest(u32),
}
