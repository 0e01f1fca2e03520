//! What calls share: the store, the counters of `times`, and signals.

pub(super) mod counters;
pub(super) mod signals;
pub(super) mod state;
