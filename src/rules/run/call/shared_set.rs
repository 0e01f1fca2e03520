//! How far a `set` of variables has come that servers share.

use crate::cel::Value;
use crate::rules::run::shared::fleet::Turn;

/// What is to be set in the stores of all servers.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) record: Vec<u8>,
    /// The last change of the store that it was computed from.
    pub(super) after: u64,
}

/// How far a `set` has come.
#[derive(Debug)]
pub(super) enum SharedSet {
    /// It may be computed.
    MayBegin(Turn),
    /// It is computed, and the variables of the call that it sets.
    Computed(Turn, Recorded, Vec<(usize, Value<'static>)>),
    /// It is made; those variables are to be set.
    Taken(Vec<(usize, Value<'static>)>),
}
