//! A copy of a collection in a file of its own, for who exports it.

use std::path::Path;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;
use rusqlite::{Connection, params};

use super::declare::{Stats, declare};
use super::file::{settled, writing};
use super::table::{Table, checksum};
use crate::collection::declaration::{Declaration, Durability, Retention, now};
use crate::collection::row_type::{Row, RowType};
use crate::error::Error;
use crate::message::Message;

/// Writes messages of a collection to a file of SQLite of their own, which has the tables of the one that
/// [`Collections::open`](crate::Collections::open) keeps: so other programs read it, and so does [`Archive::open_file`](super::Archive::open_file).
///
/// A file that is there already goes on: it has all that was [appended](Self::append), whatever ended the process that did.
///
/// ```no_run
/// use protod::{Archive, ArchiveWriter};
///
/// let archive = Archive::open("data")?;
/// for collection in archive.collections()? {
///     let file = format!("{}.sqlite3", collection.name());
///     let mut copy = ArchiveWriter::open(&file, collection.name(), collection.message())?;
///     let mut position = copy.position();
///     loop {
///         let messages = archive.read(&collection, position)?;
///         let Some(last) = messages.last() else { break };
///         position = last.position;
///         let fit = messages.into_iter().filter_map(|of| Some((of.position, of.message.ok()?)));
///         copy.append(&fit.collect::<Vec<_>>())?;
///     }
///     copy.finish()?;
/// }
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug)]
pub struct ArchiveWriter {
    path: Box<Path>,
    connection: Connection,
    table: Table,
    row: Row,
    stats: Stats,
}

impl ArchiveWriter {
    /// Opens a file, which is made if it is not there, for a collection of this name and type.
    ///
    /// Fails if it cannot be written, and if it is another program's, a newer version's, or damaged.
    pub fn open(path: impl AsRef<Path>, name: &str, message: &MessageDescriptor) -> Result<Self, Error> {
        let path = path.as_ref();
        let declaration = Declaration {
            name: name.into(),
            message: message.clone(),
            key: None,
            keep: Retention::default(),
            durability: Durability::Fsync,
        };
        let row_type = Arc::new(RowType::new(&declaration));
        let mut connection = writing(path)?;
        let (table, stats) =
            declare(&mut connection, &declaration, &row_type).map_err(|error| unwritable(path, error))?;
        Ok(Self {
            path: path.into(),
            connection,
            table,
            row: row_type.row(),
            stats,
        })
    }

    /// The position of the last message that is in it; 0 if there is none.
    pub fn position(&self) -> u64 {
        self.stats.next.saturating_sub(1)
    }

    /// Adds messages, all or none of them, at their positions, which are behind all that are in it.
    ///
    /// Fails if the disk does, and if a message is of another type.
    pub fn append(&mut self, messages: &[(u64, Message)]) -> Result<(), Error> {
        let added = self.append_all(messages);
        added.map_err(|error| unwritable(&self.path, error))
    }

    fn append_all(
        &mut self,
        messages: &[(u64, Message)],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (table, row, at) = (&self.table, &mut self.row, now().cast_signed());
        let mut stats = self.stats;
        let transaction = self.connection.transaction()?;
        let mut insert = transaction.prepare_cached(&table.insert)?;
        for (position, message) in messages {
            let bytes = message.to_bytes();
            if !table.row_type.fits(&bytes, row) {
                return Err(format!("the message at position {position} is of another type").into());
            }
            insert.raw_bind_parameter(1, position.cast_signed())?;
            insert.raw_bind_parameter(2, at)?;
            insert.raw_bind_parameter(3, checksum(*position, &bytes))?;
            insert.raw_bind_parameter(4, &*bytes)?;
            for field in 0..table.columns.len() {
                insert.raw_bind_parameter(field + 5, table.value(field, row, &bytes))?;
            }
            insert.raw_execute()?;
            stats.next = position + 1;
            stats.count += 1;
            stats.size += bytes.len() as u64;
        }
        drop(insert);
        transaction.execute(
            "UPDATE protod_collections SET next = ?, count = ?, size = ? WHERE id = ?",
            params![
                stats.next.cast_signed(),
                stats.count.cast_signed(),
                stats.size.cast_signed(),
                stats.id
            ],
        )?;
        transaction.commit()?;
        self.stats = stats;
        Ok(())
    }

    /// Leaves one file, without a log beside it, all of which is on the disk.
    pub fn finish(self) -> Result<(), Error> {
        settled(&self.connection).map_err(|error| unwritable(&self.path, error))
    }
}

fn unwritable(path: &Path, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::invalid_input(format!("cannot write {}", path.display()), why)
}
