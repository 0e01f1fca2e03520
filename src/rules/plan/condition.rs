//! When a rule matches: `match`, a partial message, and `when`, a CEL condition.

use prost_reflect::Kind;

use super::pattern::Pattern;
use super::wire_scalar::WireScalar;
use crate::cel::Program;
use crate::message::Slot;

/// The earliest event that can decide a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Metadata alone.
    Open,
    /// The first message.
    Message,
    /// All messages.
    HalfClose,
}

/// What must hold for a rule to answer.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) equalities: Box<[Equality]>,
    /// The rest of `match`.
    pub(crate) deep: Option<Pattern>,
    pub(crate) when: Option<When>,
    pub(crate) stage: Stage,
}

/// A CEL condition and its text.
#[derive(Debug)]
pub(crate) struct When {
    pub(crate) program: Program,
    pub(crate) source: String,
}

/// A singular scalar field of the request that must have a value.
#[derive(Debug)]
pub(crate) struct Equality {
    pub(crate) slot: Slot,
    pub(crate) kind: Kind,
    pub(crate) expected: WireScalar,
    /// What an unset field reads as.
    pub(crate) unset: WireScalar,
    /// The path as people write it.
    pub(crate) path: String,
}

impl Condition {
    /// Whether every call matches.
    pub(crate) fn is_always(&self) -> bool {
        self.equalities.is_empty() && self.deep.is_none() && self.when.is_none()
    }
}
