//! The collections in a file, for who reads them beside the server that writes them, or without one.

use std::path::Path;
use std::sync::Mutex;

use prost_reflect::MessageDescriptor;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::file::{existing, path_in};
use super::table::{checksum, quoted};
use crate::error::Error;
use crate::message::{Message, MessageError};
use crate::schema::Schema;

/// How many bytes of messages are read at a time, unless a single one has more.
const MAX_BYTES: usize = 1 << 20;

/// What the file says of a collection: its name, the types, that of its messages, the next position, how many there are, and how
/// many bytes.
type Found = (String, Vec<u8>, String, u64, u64, u64);

/// The collections that a server keeps in a folder, to be read beside it, or without it. The file has the types of the messages, so no
/// proto is needed.
///
/// ```no_run
/// let archive = protod::Archive::open("data")?;
/// for collection in archive.collections()? {
///     let mut position = 0;
///     loop {
///         let messages = archive.read(&collection, position)?;
///         let Some(last) = messages.last() else { break };
///         position = last.position;
///         println!("{}: {} more", collection.name(), messages.len());
///     }
/// }
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug)]
pub struct Archive {
    path: Box<Path>,
    connection: Mutex<Connection>,
}

/// A collection of an [`Archive`].
#[derive(Debug, Clone)]
pub struct ArchivedCollection {
    name: String,
    schema: Schema,
    message: MessageDescriptor,
    /// The next position.
    next: u64,
    count: u64,
    size: u64,
}

/// A message of an [`ArchivedCollection`], which an [`Archive`] reads.
#[derive(Debug)]
pub struct ArchivedMessage {
    /// Where it stands: positions grow from 1, and none is given twice.
    pub position: u64,
    /// The message. An error if it does not fit the type that the collection has now.
    pub message: Result<Message, MessageError>,
}

impl Archive {
    /// Opens the file of a folder.
    ///
    /// Fails if there is none, if it is another program's or a newer version's, and if it is damaged.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_file(path_in(folder.as_ref()))
    }

    /// Opens a file by its own name, such as one that an [`ArchiveWriter`](super::ArchiveWriter) has written.
    ///
    /// Fails as [`open`](Self::open) does.
    pub fn open_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let (path, connection) = existing(path.as_ref().to_owned())?;
        Ok(Self {
            path: path.into(),
            connection: Mutex::new(connection),
        })
    }

    /// All collections, by name.
    pub fn collections(&self) -> Result<Vec<ArchivedCollection>, Error> {
        let found = self.with(|connection| {
            let sql =
                "SELECT name, descriptors, type, next, count, size FROM protod_collections ORDER BY name";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, i64>(3)?.cast_unsigned(),
                    row.get::<_, i64>(4)?.cast_unsigned(),
                    row.get::<_, i64>(5)?.cast_unsigned(),
                ))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        })?;
        let of_row = |(name, descriptors, of_type, next, count, size): Found| {
            let schema = Schema::from_descriptor_set(&descriptors)?;
            let message = schema.pool().get_message_by_name(&of_type);
            let message = message.ok_or_else(|| self.wrong("its types are not whole".into()))?;
            Ok(ArchivedCollection {
                name,
                schema,
                message,
                next,
                count,
                size,
            })
        };
        found.into_iter().map(of_row).collect()
    }

    /// Some of the messages behind a position, in their order; none if there are no more. The first are behind 0.
    ///
    /// Fails if a message is damaged.
    pub fn read(&self, collection: &ArchivedCollection, after: u64) -> Result<Vec<ArchivedMessage>, Error> {
        let rows = self.with(|connection| {
            let table = quoted(&collection.name);
            let mut statement = connection.prepare_cached(&format!(
                "SELECT position, checksum, message FROM {table} WHERE position > ? ORDER BY position LIMIT 1000"
            ))?;
            let mut rows = statement.query(params![i64::try_from(after).unwrap_or(i64::MAX)])?;
            let (mut found, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let position = row.get::<_, i64>(0)?.cast_unsigned();
                let message = match (row.get_ref(1)?, row.get_ref(2)?) {
                    (ValueRef::Integer(known), ValueRef::Blob(message)) => {
                        (known == i64::from(checksum(position, message))).then(|| message.to_vec())
                    }
                    _ => None,
                };
                bytes += message.as_ref().map_or(0, Vec::len);
                found.push((position, message));
                if bytes >= MAX_BYTES {
                    break;
                }
            }
            Ok(found)
        })?;
        let of_row = |(position, bytes): (u64, Option<Vec<u8>>)| {
            let name = &collection.name;
            let damaged =
                || self.wrong(format!("in `{name}`, the message at position {position} is damaged").into());
            let message = Message::decode(
                &collection.schema,
                &collection.message,
                bytes.ok_or_else(damaged)?,
            );
            Ok(ArchivedMessage { position, message })
        };
        rows.into_iter().map(of_row).collect()
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        read(&connection).map_err(|error| self.wrong(error.into()))
    }

    fn wrong(&self, why: Box<dyn std::error::Error + Send + Sync>) -> Error {
        Error::invalid_input(format!("cannot read {}", self.path.display()), why)
    }
}

impl ArchivedCollection {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its messages.
    pub fn message(&self) -> &MessageDescriptor {
        &self.message
    }

    /// The position of the last message that was written to it when it was listed, also if that is gone; 0 if none was.
    pub fn position(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// How many messages there were when it was listed.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many bytes they had, encoded.
    pub fn size(&self) -> u64 {
        self.size
    }
}
