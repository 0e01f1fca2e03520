//! What one call writes to a collection.

use std::sync::Arc;

use super::collection::{Declared, Place};
use super::fault::{Fault, FaultKind};
use super::row_type::Row;
use super::scalar::Scalar;

/// Writes to a collection for one call, and knows when all of it is stored.
///
/// Writes are done in their order. After one that failed, the others of the call fail too.
#[derive(Debug)]
pub(crate) struct Writer {
    to: Arc<Declared>,
    row: Row,
}

impl Writer {
    pub(super) fn new(to: Arc<Declared>) -> Self {
        Self {
            row: to.row_type.row(),
            to,
        }
    }

    /// Writes a message, which has passed the check of its type. In a collection with a key it takes the place of the message
    /// that has the same.
    pub(crate) fn put(&mut self, message: &[u8]) -> Result<(), Fault> {
        let row_type = &self.to.row_type;
        let key = match row_type.key {
            Some(_) if row_type.fits(message, &mut self.row) => row_type.key_of(&self.row, message),
            _ => None,
        };
        match &self.to.place {
            Place::Memory(rows) => rows.put(key, message),
        }
        .map_err(|()| Fault::new(&self.to.name, FaultKind::Full))
    }

    /// Takes away the message of a key, if there is one.
    pub(crate) fn delete(&mut self, key: &Scalar<'_>) -> Result<(), Fault> {
        let Some(key) = key.clone().into_owned().into_key() else {
            return Ok(());
        };
        match &self.to.place {
            Place::Memory(rows) => rows.delete(&key),
        }
        Ok(())
    }

    /// Takes away all messages.
    pub(crate) fn clear(&mut self) -> Result<(), Fault> {
        match &self.to.place {
            Place::Memory(rows) => rows.clear(),
        }
        Ok(())
    }

    /// Whether so much waits to be written that who writes more should wait for [`room`](Self::room).
    pub(crate) fn is_full(&self) -> bool {
        match &self.to.place {
            Place::Memory(_) => false,
        }
    }

    /// Waits until there is room for more that waits to be written.
    #[expect(clippy::unused_async, reason = "an engine with a queue waits")]
    pub(crate) async fn room(&self) {
        match &self.to.place {
            Place::Memory(_) => {}
        }
    }

    /// Whether something was written of which it is not known whether it is stored.
    pub(crate) fn has_uncommitted(&self) -> bool {
        match &self.to.place {
            Place::Memory(_) => false,
        }
    }

    /// Waits until all that was written is stored as the durability of the collection says, and is read by who reads.
    #[expect(clippy::unused_async, reason = "an engine with a queue waits")]
    pub(crate) async fn committed(&mut self) -> Result<(), Fault> {
        match &self.to.place {
            Place::Memory(_) => Ok(()),
        }
    }
}
