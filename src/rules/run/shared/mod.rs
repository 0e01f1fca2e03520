//! What calls share: the store, the counters of `times`, how often rules were chosen, and signals.

pub(super) mod counters;
pub(super) mod declared;
pub(super) mod hits;
pub(super) mod signals;
pub(super) mod state;
pub(super) mod tallies;
