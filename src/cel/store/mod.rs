//! The variables that all calls share: `store`.
//!
//! They are a map of maps, as deep as rules make it. A step that writes holds the store from its first read to its last
//! write, so `store.n + 1` never loses a count.

mod record;
#[cfg(feature = "nats")]
mod replay;
#[expect(clippy::module_inception, reason = "the store is what the room is about")]
mod store;
mod tree;

#[cfg(feature = "nats")]
pub(crate) use self::record::put_clear;
#[cfg(feature = "nats")]
pub(crate) use self::replay::KnownTypes;
pub(crate) use self::store::{Store, StoreRoom};
pub(super) use self::tree::{Entries, Node};
pub(crate) use self::tree::{Tree, TreeKey};
