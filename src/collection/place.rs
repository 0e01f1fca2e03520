//! Which engine has a collection.

use std::sync::Arc;

use super::memory::Rows;
#[cfg(feature = "sqlite")]
use super::sqlite::InFile;

/// Which engine has a collection. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Memory(Arc<Rows>),
    #[cfg(feature = "sqlite")]
    File(InFile),
}
