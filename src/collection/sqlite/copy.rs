//! A copy in the file of what a stream has.
//!
//! Up to where the stream has been applied is committed with what was applied, so a copy goes on where it was, whatever has ended
//! the process.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::copied::{admit, begin, note};
use super::trouble::report;
use super::write::{Open, Statements, Writing};
use super::{InFile, Sqlite};
use crate::collection::declaration::{Declaration, Durability};
use crate::collection::fault::FaultKind;
use crate::collection::jetstream::{Applied, Chunk, Record};
use crate::collection::row_type::RowType;
use crate::error::Error;

impl Sqlite {
    /// Declares a collection that is a copy of a stream, and returns up to where it is one.
    pub(in crate::collection) fn declare_copy(
        self: &Arc<Self>,
        declaration: &Declaration,
        row_type: &Arc<RowType>,
        stream: &str,
    ) -> Result<(InFile, Applied), Error> {
        let stream = stream.to_owned();
        let declared = self.declare_by(declaration, row_type, move |writing, declaration, row_type| {
            if let Err(why) = admit(&writing.connection, &declaration.name, Some(&stream))? {
                return Ok(Err(why));
            }
            let kept = writing.declare(declaration, row_type, true)?;
            let applied = begin(&writing.connection, writing.open[kept.place].stats.id, &stream)?;
            Ok(Ok((kept, applied)))
        });
        declared.map(|(kept, applied)| (self.in_file(kept), applied))
    }
}

impl InFile {
    /// Does what chunks say, and notes up to where.
    pub(in crate::collection) fn apply(&self, chunks: Vec<Chunk>, applied: Applied) -> Result<(), FaultKind> {
        self.copy(move |open, connection| {
            let table = Arc::clone(&open.table);
            let mut statements = Statements::new(connection, &table)?;
            for chunk in &chunks {
                open.apply(chunk, &mut statements, connection)?;
                open.forget(connection, chunk.keep(), chunk.at)?;
            }
            note(connection, open.stats.id, &applied)
        })
    }

    /// Takes away what stands before a position.
    pub(in crate::collection) fn forget_before(
        &self,
        position: u64,
        applied: Applied,
    ) -> Result<(), FaultKind> {
        self.copy(move |open, connection| {
            let sql = format!(
                "DELETE FROM {} WHERE position < ? RETURNING length(message)",
                open.table.name
            );
            open.stats
                .delete(&mut connection.prepare(&sql)?, position.cast_signed())?;
            note(connection, open.stats.id, &applied)
        })
    }

    /// Which of these positions have a message.
    pub(in crate::collection) fn holds(&self, positions: Vec<u64>) -> Result<Vec<bool>, FaultKind> {
        self.ask(move |open, connection| {
            let sql = format!("SELECT 1 FROM {} WHERE position = ?", open.table.name);
            let mut statement = connection.prepare(&sql)?;
            let mut holds = |position: u64| statement.exists([position.cast_signed()]);
            positions.into_iter().map(&mut holds).collect()
        })
    }

    /// The position of the oldest message, and when it was written, in milliseconds since 1970.
    pub(in crate::collection) fn oldest(&self) -> Result<Option<(u64, u64)>, FaultKind> {
        self.ask(|open, connection| {
            let sql = format!(
                "SELECT position, stored_at FROM {} ORDER BY position LIMIT 1",
                open.table.name
            );
            let oldest = connection.query_row(&sql, [], |row| {
                Ok((
                    row.get::<_, i64>(0)?.cast_unsigned(),
                    row.get::<_, i64>(1)?.cast_unsigned(),
                ))
            });
            oldest.optional()
        })
    }

    /// Has the thread that writes commit something of this collection, and waits for it.
    fn copy(
        &self,
        write: impl FnOnce(&mut Open, &Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), FaultKind> {
        let (place, name) = (self.kept.place, Arc::clone(&self.kept.name));
        let done = self.sqlite.run(move |writing| {
            // What a crash of the machine takes is in the stream.
            let done = writing.commit(&name, Durability::Flush, |connection, open| {
                write(&mut open[place], connection)
            });
            writing.announce();
            done
        });
        done.unwrap_or(Err(FaultKind::Unavailable))
    }

    /// Asks the thread that writes something of this collection, and waits for it.
    fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Open, &Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, FaultKind> {
        let (place, name) = (self.kept.place, Arc::clone(&self.kept.name));
        let asked = self.sqlite.run(move |writing: &mut Writing| {
            let read = read(&writing.open[place], &writing.connection);
            read.map_err(|error| report(&writing.path, &name, "read", error))
        });
        asked.unwrap_or(Err(FaultKind::Unavailable))
    }
}

impl Open {
    fn apply(
        &mut self,
        chunk: &Chunk,
        statements: &mut Statements<'_>,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        for (position, record) in chunk.records() {
            match record {
                Record::Put(message) => {
                    self.stats.next = position;
                    self.put(statements, chunk.at, message)?;
                }
                Record::Delete(key) => self.delete_key(statements, &key.as_scalar())?,
                Record::Clear => self.clear(connection)?,
                Record::Restore {
                    position,
                    at,
                    message,
                } => {
                    let sql = format!("SELECT 1 FROM {} WHERE position = ?", self.table.name);
                    let mut there = connection.prepare_cached(&sql)?;
                    if !there.exists([position.cast_signed()])? {
                        let next = std::mem::replace(&mut self.stats.next, position);
                        self.put(statements, at, message)?;
                        self.stats.next = self.stats.next.max(next);
                    }
                }
            }
        }
        Ok(())
    }
}
