//! A collection with the type by which it is read and written, and where it is.

use std::sync::Arc;

use super::declaration::Durability;
use super::memory::Rows;
use super::row_type::RowType;
#[cfg(feature = "sqlite")]
use super::sqlite::InFile;

/// A collection, as rules have declared it.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: Arc<str>,
    pub(super) row_type: Arc<RowType>,
    pub(super) durability: Durability,
    pub(super) place: Place,
}

/// Which engine has it.
#[derive(Debug)]
pub(super) enum Place {
    Memory(Arc<Rows>),
    #[cfg(feature = "sqlite")]
    File(InFile),
}
