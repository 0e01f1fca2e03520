//! A collection with the type by which it is read and written, and where it is.

use std::sync::Arc;

use super::declaration::Durability;
#[cfg(feature = "nats")]
use super::jetstream::InStream;
use super::place::Place;
use super::row_type::RowType;

/// A collection, as rules have declared it.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: Arc<str>,
    pub(super) row_type: Arc<RowType>,
    pub(super) durability: Durability,
    pub(super) place: Place,
    /// The stream of which `place` has a copy, for a collection that replicas share.
    #[cfg(feature = "nats")]
    pub(super) stream: Option<InStream>,
}
