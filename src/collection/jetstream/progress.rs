//! How far a replica has come in a stream.

use std::sync::Arc;

use crate::collection::fault::FaultKind;

/// Up to where a copy has what its stream has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::collection) struct Applied {
    /// When the stream was made, which tells it from another of its name. Empty before the first of it came.
    pub(in crate::collection) created: Arc<str>,
    /// The last chunk that was applied.
    pub(in crate::collection) sequence: u64,
}

/// How far a replica has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub(super) applied: Applied,
    /// How often chunks were gone before this replica had seen them.
    pub(super) gaps: u64,
    /// The last chunk of this replica itself, by its number among these and its place in the stream. 0 before the first.
    pub(super) own: Own,
    /// Why it does not come further.
    pub(super) fault: Option<FaultKind>,
}

/// The last chunk of a replica that is in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Own {
    pub(super) number: u64,
    pub(super) sequence: u64,
}
