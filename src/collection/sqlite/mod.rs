//! Collections in a file of SQLite, a table for each.
//!
//! One thread writes; who reads does so beside it, on a connection of its own. The log that SQLite writes ahead makes a group of
//! writes all or nothing, whatever ends the process.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | the file: whether it may be used |
//! | `table`, `declare` | the table of a collection, and how it is made fit |
//! | `kept` | what is known of a collection |
//! | `queue`, `write` | what waits to be written, and the thread that does it |
//! | `checkpoint` | the thread that writes the log into the file |
//! | `read` | reads |
//! | `archive` | reads of who is no server |
//! | `archive_writer` | a copy of one collection, in a file of its own |
//! | `copy`, `copied` | what is written is what a stream has; which collections are so |
//! | `trouble` | what SQLite says went wrong |

mod archive;
mod archive_writer;
mod checkpoint;
#[cfg(feature = "nats")]
mod copied;
#[cfg(feature = "nats")]
mod copy;
mod declare;
mod file;
mod kept;
mod queue;
mod read;
mod table;
mod trouble;
mod write;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use bytes::Bytes;

pub use self::archive::{Archive, ArchivedCollection, ArchivedMessage};
pub use self::archive_writer::ArchiveWriter;
use self::checkpoint::Checkpoints;
use self::file::OwnFile;
pub(super) use self::kept::Kept;
pub(super) use self::queue::{Queue, Queued, To};
pub(super) use self::read::Computed;
use self::read::Readers;
use self::trouble::reason;
use self::write::{Job, Writing};
use super::declaration::{Declaration, Durability};
use super::fault::FaultKind;
use super::query::{Aggregate, Batch, Extent, Most, Position, Query};
use super::row_type::RowType;
use super::scalar::Key;
use crate::error::Error;

/// The collections of a file.
#[derive(Debug)]
pub(super) struct Sqlite {
    pub(super) queue: Arc<Queue<Job>>,
    readers: Readers,
    thread: Option<JoinHandle<()>>,
    /// The last that is dropped.
    _file: OwnFile,
}

/// A collection, and the file that has it. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct InFile {
    pub(super) sqlite: Arc<Sqlite>,
    pub(super) kept: Arc<Kept>,
}

impl Sqlite {
    pub(super) fn open(folder: &Path) -> Result<Arc<Self>, Error> {
        let (file, mut connection) = OwnFile::open(folder)?;
        let queue = Queue::new();
        let checkpoints = Checkpoints::start(&file.path, &mut connection)?;
        let writing = Writing::new(connection, checkpoints, file.path.clone());
        let of_thread = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("collections".to_owned())
            .spawn(move || writing.run(&of_thread))
            .map_err(|error| Error::io("cannot start the thread that writes collections", error))?;
        Ok(Arc::new(Self {
            queue,
            readers: Readers::new(file.path.clone()),
            thread: Some(thread),
            _file: file,
        }))
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.readers.path
    }

    pub(super) fn declare(
        self: &Arc<Self>,
        declaration: &Declaration,
        row_type: &Arc<RowType>,
    ) -> Result<InFile, Error> {
        let kept = self.declare_by(declaration, row_type, |writing, declaration, row_type| {
            #[cfg(feature = "nats")]
            if let Err(why) = copied::admit(&writing.connection, &declaration.name, None)? {
                return Ok(Err(why));
            }
            writing.declare(declaration, row_type, false).map(Ok)
        })?;
        Ok(self.in_file(kept))
    }

    /// Has the thread that writes declare a collection. It may have a reason not to.
    fn declare_by<T: Send + 'static>(
        &self,
        declaration: &Declaration,
        row_type: &Arc<RowType>,
        declare: impl FnOnce(&mut Writing, &Declaration, &Arc<RowType>) -> rusqlite::Result<Result<T, String>>
        + Send
        + 'static,
    ) -> Result<T, Error> {
        let (of_thread, row_type) = (declaration.clone(), Arc::clone(row_type));
        let declared = self.run(move |writing| declare(writing, &of_thread, &row_type));
        let failed = || {
            let (file, name) = (self.path().display(), &declaration.name);
            format!("{file}: cannot make the collection `{name}` ready")
        };
        declared
            .ok_or_else(|| Error::invalid_input(failed(), "the thread that writes has ended"))?
            .map_err(|error| Error::invalid_input(failed(), reason(error)))?
            .map_err(|why| Error::invalid_input(failed(), why))
    }

    fn in_file(self: &Arc<Self>, kept: Arc<Kept>) -> InFile {
        InFile {
            sqlite: Arc::clone(self),
            kept,
        }
    }

    /// How many have been declared.
    pub(super) fn count(&self) -> usize {
        self.run(|writing| writing.count()).unwrap_or_default()
    }

    /// Writes all that waits, and all of the log into the file.
    pub(super) fn flush(&self) {
        self.queue.settle();
        self.run(Writing::empty_log);
    }

    /// Has the thread that writes do something, and waits for it. `None` if it does not.
    fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Writing) -> T + Send + 'static) -> Option<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.queue.job(Job::new(move |writing| {
            // Somebody waits.
            let _ = sender.send(work(writing));
        }));
        receiver.recv().ok()
    }

    /// Makes the disk full, or not.
    #[cfg(test)]
    pub(super) fn fill_disk(&self, is_full: bool) {
        self.run(move |writing| writing.fill_disk(is_full));
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The last connection writes all of the log into the file. Those that only read cannot.
        self.readers.close();
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // If it panicked, that is in the log.
            let _ = thread.join();
        }
    }
}

impl InFile {
    /// Writes that nobody waits for are read nevertheless.
    fn settle(&self, durability: Durability) {
        if durability == Durability::Memory {
            self.sqlite.queue.settle();
        }
    }

    pub(super) fn get(
        &self,
        key: &Key,
        row_type: &RowType,
        durability: Durability,
    ) -> Result<Option<Bytes>, FaultKind> {
        self.settle(durability);
        self.sqlite.readers.get(&self.kept, key, row_type)
    }

    pub(super) fn read(
        &self,
        query: &Query,
        after: Option<Position>,
        most: Most,
        row_type: &RowType,
        durability: Durability,
    ) -> Result<Batch, FaultKind> {
        self.settle(durability);
        self.sqlite.readers.read(&self.kept, query, after, most, row_type)
    }

    pub(super) fn extent(&self, durability: Durability) -> Result<Extent, FaultKind> {
        self.settle(durability);
        self.sqlite.readers.extent(&self.kept)
    }

    pub(super) fn aggregate(
        &self,
        query: &Query,
        what: Aggregate,
        row_type: &RowType,
        durability: Durability,
    ) -> Result<Computed, FaultKind> {
        self.settle(durability);
        self.sqlite.readers.aggregate(&self.kept, query, what, row_type)
    }
}
