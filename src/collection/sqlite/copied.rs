//! Which collections of the file are copies of streams, and up to where.
//!
//! A collection is a copy from its begin, or it never becomes one: what is kept alone is never mixed with what others keep.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::collection::jetstream::Applied;

/// Which collections are copies, and up to where.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS protod_streams (
        collection INTEGER PRIMARY KEY,
        stream TEXT NOT NULL,
        created TEXT NOT NULL DEFAULT '',
        applied INTEGER NOT NULL DEFAULT 0
    );
";

/// Checks that a collection may be declared as a copy of this stream, or as none.
pub(super) fn admit(
    connection: &Connection,
    name: &str,
    stream: Option<&str>,
) -> rusqlite::Result<Result<(), String>> {
    let has_table = "SELECT count(*) FROM sqlite_schema WHERE name = 'protod_streams'";
    let has_table = connection.query_row(has_table, [], |row| row.get::<_, bool>(0))?;
    let of_stream = if has_table {
        let sql =
            "SELECT stream FROM protod_streams JOIN protod_collections ON id = collection WHERE name = ?";
        let found = connection.query_row(sql, [name], |row| row.get::<_, String>(0));
        found.optional()?
    } else {
        None
    };
    Ok(match (stream, of_stream) {
        (None, None) => Ok(()),
        (Some(stream), Some(known)) if stream == known => Ok(()),
        (_, Some(known)) => Err(format!(
            "it is a copy of the stream {known}: serve it with the store that has the stream, or take another folder"
        )),
        (Some(_), None) => {
            let sql = "SELECT next FROM protod_collections WHERE name = ?";
            let next = connection.query_row(sql, [name], |row| row.get::<_, i64>(0));
            match next.optional()? {
                Some(_) => Err("it was kept there without a store: take another folder".to_owned()),
                None => Ok(()),
            }
        }
    })
}

/// Notes that the collection of an id is a copy, and returns up to where.
pub(super) fn begin(connection: &Connection, id: i64, stream: &str) -> rusqlite::Result<Applied> {
    connection.execute_batch(TABLE)?;
    connection.execute(
        "INSERT OR IGNORE INTO protod_streams (collection, stream) VALUES (?, ?)",
        params![id, stream],
    )?;
    let sql = "SELECT created, applied FROM protod_streams WHERE collection = ?";
    connection.query_row(sql, [id], |row| {
        Ok(Applied {
            created: row.get::<_, String>(0)?.into(),
            sequence: row.get::<_, i64>(1)?.cast_unsigned(),
        })
    })
}

/// Notes up to where a collection is a copy.
pub(super) fn note(connection: &Connection, id: i64, applied: &Applied) -> rusqlite::Result<()> {
    let sql = "UPDATE protod_streams SET created = ?, applied = ? WHERE collection = ?";
    connection.prepare_cached(sql)?.execute(params![
        &*applied.created,
        applied.sequence.cast_signed(),
        id
    ])?;
    Ok(())
}
