//! What calls share: the store, the counters of `times`, how often rules were chosen, and signals. Some of it may be shared with the
//! calls of other servers.

#[cfg(not(feature = "nats"))]
#[path = "alone.rs"]
pub(super) mod fleet;
#[cfg(feature = "nats")]
pub(super) mod fleet;

pub(super) mod counters;
pub(super) mod declared;
pub(super) mod hits;
pub(super) mod signals;
pub(super) mod state;
mod store;
pub(super) mod tallies;
pub(super) mod trouble;
