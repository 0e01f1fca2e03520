//! Where collections are kept.

use std::path::Path;
use std::sync::Arc;

use super::collection::Collection;
use super::declaration::Declaration;
use super::declared::Declared;
#[cfg(feature = "nats")]
use super::jetstream::{Applied, Streams};
use super::memory::{Memory, Room};
use super::place::Place;
use super::row_type::RowType;
#[cfg(feature = "sqlite")]
use super::sqlite::Sqlite;
use crate::error::Error;
#[cfg(feature = "nats")]
use crate::nats::JetStream;

/// Where the collections of rules are kept: in memory, in a file of SQLite, or on JetStream.
///
/// Cheap to clone. Rules that are loaded with the same `Collections` find what those before them have kept, by the names of the
/// collections: see [`RulesState::with_collections`](crate::RulesState::with_collections). Default: in memory.
#[derive(Debug, Clone)]
pub struct Collections {
    engine: Engine,
    /// The streams of which the engine has copies, for collections that replicas share.
    #[cfg(feature = "nats")]
    streams: Option<Arc<Streams>>,
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
            #[cfg(feature = "nats")]
            streams: None,
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
            #[cfg(feature = "nats")]
            streams: None,
            room: Room::of(Self::DEFAULT_MAX_MEMORY),
        })
    }

    /// Shared by replicas: each collection is a stream of JetStream, of which `local` keeps a copy. What one replica writes, all
    /// read, and it has one order on all of them.
    ///
    /// Does not wait for the broker. While it is away, calls that read or write collections end with UNAVAILABLE, within seconds.
    ///
    /// ```no_run
    /// use protod::{Collections, JetStream, JetStreamOptions, RulesState};
    ///
    /// let store = JetStream::open(&JetStreamOptions::new("nats://localhost:4222"))?;
    /// let collections = Collections::shared(&store, Collections::in_memory());
    /// let state = RulesState::with_collections(&collections);
    /// # drop(state);
    /// # Ok::<(), protod::Error>(())
    /// ```
    #[cfg(feature = "nats")]
    #[must_use]
    pub fn shared(store: &JetStream, local: Self) -> Self {
        Self {
            streams: Some(Streams::new(store)),
            ..local
        }
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
        #[cfg(feature = "nats")]
        if let Some(streams) = &self.streams {
            streams.settle();
        }
        match &self.engine {
            Engine::Memory(_) => {}
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => sqlite.flush(),
        }
    }

    /// Makes the disk full, or not.
    #[cfg(all(test, feature = "sqlite"))]
    pub(crate) fn fill_disk(&self, is_full: bool) {
        if let Engine::Sqlite(sqlite) = &self.engine {
            sqlite.fill_disk(is_full);
        }
    }

    /// Those of a session: in memory, within the room that all have.
    pub(crate) fn of_session(&self) -> Self {
        Self {
            engine: Engine::Memory(Memory::within(&self.room)),
            #[cfg(feature = "nats")]
            streams: None,
            room: Arc::clone(&self.room),
        }
    }

    /// The collection of a name, read and written by the type that is declared. How much is kept is what was declared last.
    ///
    /// Fails if the engine does; in memory it does not.
    pub(crate) fn declare(&self, declaration: &Declaration) -> Result<Collection, Error> {
        let row_type = Arc::new(RowType::new(declaration));
        let declared = |place| Declared {
            name: Arc::clone(&declaration.name),
            row_type: Arc::clone(&row_type),
            durability: declaration.durability,
            place,
            #[cfg(feature = "nats")]
            stream: None,
        };
        #[cfg(feature = "nats")]
        if let Some(streams) = &self.streams {
            let copy = |stream: &str| self.declare_copy(declaration, &row_type, stream);
            let (place, stream) = streams.declare(declaration, &row_type, copy)?;
            return Ok(Collection::new(Declared {
                stream: Some(stream),
                ..declared(place)
            }));
        }
        Ok(Collection::new(declared(match &self.engine {
            Engine::Memory(memory) => Place::Memory(memory.declare(declaration, &row_type, false)),
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => Place::File(sqlite.declare(declaration, &row_type)?),
        })))
    }

    /// Declares a collection that is a copy of a stream, and returns up to where it is one.
    #[cfg(feature = "nats")]
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(
            unused_variables,
            clippy::unnecessary_wraps,
            reason = "in memory nothing is noted, and nothing fails"
        )
    )]
    fn declare_copy(
        &self,
        declaration: &Declaration,
        row_type: &Arc<RowType>,
        stream: &str,
    ) -> Result<(Place, Applied), Error> {
        match &self.engine {
            Engine::Memory(memory) => {
                let rows = memory.declare(declaration, row_type, true);
                Ok((Place::Memory(rows), Applied::default()))
            }
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(sqlite) => {
                let (file, applied) = sqlite.declare_copy(declaration, row_type, stream)?;
                Ok((Place::File(file), applied))
            }
        }
    }
}
