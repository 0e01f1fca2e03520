//! Where collections are kept.

use std::sync::Arc;

use super::collection::{Collection, Place};
use super::declaration::Declaration;
use super::memory::{Memory, Room};
use super::row_type::RowType;
use crate::error::Error;

/// Where the collections of rules are kept: in memory, or in a file of SQLite.
///
/// Cheap to clone. Rules that are loaded with the same `Collections` find what those before them have kept, by the names of the
/// collections. Default: in memory.
#[derive(Debug, Clone)]
pub struct Collections {
    engine: Engine,
    /// What collections may take in memory, those of sessions included.
    room: Arc<Room>,
}

#[derive(Debug, Clone)]
enum Engine {
    Memory(Arc<Memory>),
}

impl Default for Collections {
    fn default() -> Self {
        Self::in_memory()
    }
}

impl Collections {
    /// How much collections [in memory](Self::in_memory) take at most, in bytes: 256 MiB.
    pub const DEFAULT_MAX_MEMORY: usize = 256 << 20;

    /// In memory: they end with the last clone of this.
    pub fn in_memory() -> Self {
        Self::in_memory_within(Self::DEFAULT_MAX_MEMORY)
    }

    /// In memory, where all of them together take so many bytes at most. A write that would take more fails, and with it its
    /// call, with RESOURCE_EXHAUSTED.
    pub fn in_memory_within(bytes: usize) -> Self {
        let room = Room::of(bytes);
        Self {
            engine: Engine::Memory(Memory::within(&room)),
            room,
        }
    }

    /// Those of a session: in memory, within the room that all have.
    pub(crate) fn of_session(&self) -> Self {
        Self {
            engine: Engine::Memory(Memory::within(&self.room)),
            room: Arc::clone(&self.room),
        }
    }

    /// The collection of a name, read and written by the type that is declared. How much is kept is what was declared last.
    ///
    /// Fails if the engine does; in memory it does not.
    pub(crate) fn declare(&self, declaration: &Declaration) -> Result<Collection, Error> {
        let row_type = Arc::new(RowType::new(declaration));
        let place = match &self.engine {
            Engine::Memory(memory) => Place::Memory(memory.declare(declaration, &row_type)),
        };
        Ok(Collection::new(declaration, row_type, place))
    }
}
