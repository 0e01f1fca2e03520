//! Collections in memory.

#[cfg(feature = "nats")]
mod copy;
mod room;
mod rows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use self::room::Room;
pub(super) use self::rows::Rows;
use super::declaration::Declaration;
use super::row_type::RowType;

/// Collections by name.
#[derive(Debug)]
pub(super) struct Memory {
    room: Arc<Room>,
    collections: Mutex<HashMap<Arc<str>, Arc<Rows>>>,
}

impl Memory {
    pub(super) fn within(room: &Arc<Room>) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::clone(room),
            collections: Mutex::default(),
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.collections().len()
    }

    /// A copy forgets what its stream says, and nothing by itself.
    pub(super) fn declare(&self, declaration: &Declaration, row_type: &RowType, is_copy: bool) -> Arc<Rows> {
        let mut collections = self.collections();
        let rows = collections
            .entry(Arc::clone(&declaration.name))
            .or_insert_with(|| Rows::within(&self.room, is_copy));
        rows.declare(declaration, row_type);
        Arc::clone(rows)
    }

    fn collections(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Rows>>> {
        self.collections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
