//! Where collections are kept.

use std::path::Path;
use std::sync::Arc;

use super::collection::Collection;
use super::declaration::Declaration;
use super::declared::Place;
use super::memory::{Memory, Room};
use super::row_type::RowType;
#[cfg(feature = "sqlite")]
use super::sqlite::Sqlite;
use crate::error::Error;

/// Where the collections of rules are kept: in memory, or in a file of SQLite.
///
/// Cheap to clone. Rules that are loaded with the same `Collections` find what those before them have kept, by the names of the
/// collections: see [`RulesState::with_collections`](crate::RulesState::with_collections). Default: in memory.
#[derive(Debug, Clone)]
pub struct Collections {
    engine: Engine,
    /// What collections may take in memory, those of sessions included.
    room: Arc<Room>,
}

#[derive(Debug, Clone)]
enum Engine {
    Memory(Arc<Memory>),
    #[cfg(feature = "sqlite")]
    Sqlite(Arc<Sqlite>),
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

    /// In a file of SQLite in a folder, `collections.sqlite3`, which is made if it is not there. Other programs may read it meanwhile;
    /// another server may not have it.
    ///
    /// Fails if the folder cannot be written, if another process keeps collections in it, and if the file is another program's, a newer
    /// version's, or damaged. A file of up to 32 MiB is checked as a whole; damage in a larger one is found by who reads it.
    #[cfg(feature = "sqlite")]
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self {
            engine: Engine::Sqlite(Sqlite::open(folder.as_ref())?),
            room: Room::of(Self::DEFAULT_MAX_MEMORY),
        })
    }

    /// The file in which they are kept. `None` for those in memory.
    pub fn file(&self) -> Option<&Path> {
        match &self.engine {
            Engine::Memory(_) => None,
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => Some(sqlite.path()),
        }
    }

    /// How many have been declared by rules.
    pub fn count(&self) -> usize {
        match &self.engine {
            Engine::Memory(memory) => memory.count(),
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => sqlite.count(),
        }
    }

    /// Writes all that has come so far, also what no client waits for, and leaves nothing in the log beside the file: what a server
    /// does before it ends. Blocks.
    pub fn flush(&self) {
        match &self.engine {
            Engine::Memory(_) => {}
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => sqlite.flush(),
        }
    }

    /// Makes the disk full, or not.
    #[cfg(all(test, feature = "sqlite"))]
    pub(super) fn fill_disk(&self, is_full: bool) {
        if let Engine::Sqlite(sqlite) = &self.engine {
            sqlite.fill_disk(is_full);
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
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => Place::File(sqlite.declare(declaration, &row_type)?),
        };
        Ok(Collection::new(declaration, row_type, place))
    }
}
