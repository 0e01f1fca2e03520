//! Makes the table of a collection, and makes that of another type fit: fields by their numbers.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Statement, ToSql, params};

use super::table::{OWN_COLUMNS, Table, column_type, quoted};
use crate::collection::declaration::Declaration;
use crate::collection::query::FIRST;
use crate::collection::row_type::RowType;
use crate::schema::descriptor_set_of;

/// What the file has of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stats {
    pub(super) id: i64,
    /// The next position.
    pub(super) next: u64,
    pub(super) count: u64,
    /// The bytes of the messages.
    pub(super) size: u64,
    /// How many messages did not fit the type when they were written, or when it was declared.
    pub(super) misfits: u64,
}

impl Stats {
    /// Runs a statement that deletes messages by its one parameter, and returns their sizes.
    pub(super) fn delete(&mut self, statement: &mut Statement<'_>, of: impl ToSql) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(1, of)?;
        let mut deleted = statement.raw_query();
        while let Some(row) = deleted.next()? {
            self.count = self.count.saturating_sub(1);
            self.size = self.size.saturating_sub(row.get::<_, i64>(0)?.cast_unsigned());
        }
        Ok(())
    }
}

/// A column that a field has.
struct Column {
    number: u32,
    kind: String,
    name: String,
}

/// Makes the table fit the declaration. All or nothing.
pub(super) fn declare(
    connection: &mut Connection,
    declaration: &Declaration,
    row_type: &Arc<RowType>,
) -> rusqlite::Result<(Table, Stats)> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let name = &*declaration.name;
    let found = transaction
        .query_row(
            "SELECT id, name, fingerprint, next, count, size, misfits FROM protod_collections WHERE name = ?",
            [name],
            |row| Ok((row.get::<_, String>(1)?, row.get::<_, i64>(2)?, stats(row)?)),
        )
        .optional()?;
    let fingerprint = row_type.fingerprint.cast_signed();
    let (table, stats) = match found {
        None => {
            let (table, id) = create(&transaction, declaration, row_type)?;
            let stats = Stats {
                id,
                next: FIRST,
                count: 0,
                size: 0,
                misfits: 0,
            };
            (table, stats)
        }
        Some((known, of_type, stats)) if of_type == fingerprint => {
            let columns = columns_of(&transaction, stats.id)?;
            (Table::new(&known, row_type, in_order(&columns, row_type)), stats)
        }
        Some((known, _, mut stats)) => {
            let table = change(&transaction, &known, stats.id, row_type)?;
            stats.misfits = fill(&transaction, &table)?;
            transaction.execute(
                "UPDATE protod_collections SET type = ?, descriptors = ?, fingerprint = ?, misfits = ? WHERE id = ?",
                params![
                    declaration.message.full_name(),
                    descriptor_set_of(&declaration.message),
                    fingerprint,
                    stats.misfits.cast_signed(),
                    stats.id
                ],
            )?;
            declaration.report_misfits(stats.misfits, stats.count);
            (table, stats)
        }
    };
    transaction.commit()?;
    Ok((table, stats))
}

fn stats(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stats> {
    let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
    Ok(Stats {
        id: row.get(0)?,
        next: number(3)?,
        count: number(4)?,
        size: number(5)?,
        misfits: number(6)?,
    })
}

fn create(
    connection: &Connection,
    declaration: &Declaration,
    row_type: &Arc<RowType>,
) -> rusqlite::Result<(Table, i64)> {
    connection.execute(
        "INSERT INTO protod_collections (name, type, descriptors, fingerprint) VALUES (?, ?, ?, ?)",
        params![
            &*declaration.name,
            declaration.message.full_name(),
            descriptor_set_of(&declaration.message),
            row_type.fingerprint.cast_signed()
        ],
    )?;
    let id = connection.last_insert_rowid();
    let mut columns = Vec::new();
    let mut sql = String::new();
    for field in &row_type.fields {
        let name = free_name(&field.name, field.number, &columns);
        sql.extend([&quoted(&name), " ", column_type(&field.kind), ", "]);
        let column = Column {
            number: field.number,
            kind: field.kind_name(),
            name,
        };
        note(connection, id, &column)?;
        columns.push(column);
    }
    let table = Table::new(&declaration.name, row_type, in_order(&columns, row_type));
    connection.execute_batch(&format!(
        "CREATE TABLE {} (position INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, checksum INTEGER NOT NULL, {sql}message BLOB NOT NULL)",
        table.name
    ))?;
    index(connection, &table, id)?;
    Ok((table, id))
}

/// Adds and renames columns, so that each field has one. A field that is of another type now gets a new one.
fn change(connection: &Connection, name: &str, id: i64, row_type: &Arc<RowType>) -> rusqlite::Result<Table> {
    let mut columns = columns_of(connection, id)?;
    let table = quoted(name);
    connection.execute_batch(&format!("DROP INDEX IF EXISTS {}", index_name(id)))?;
    for field in &row_type.fields {
        let kind = field.kind_name();
        if let Some(place) = columns.iter().position(|column| column.number == field.number) {
            let old = columns.swap_remove(place);
            let name = free_name(&field.name, field.number, &columns);
            if old.kind == kind {
                if old.name != name {
                    let (old, new) = (quoted(&old.name), quoted(&name));
                    connection.execute_batch(&format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"))?;
                }
            } else {
                let old = quoted(&old.name);
                connection.execute_batch(&format!("ALTER TABLE {table} DROP COLUMN {old}"))?;
                add(connection, &table, &name, column_type(&field.kind))?;
            }
            columns.push(Column {
                number: field.number,
                kind,
                name,
            });
        } else {
            let name = free_name(&field.name, field.number, &columns);
            add(connection, &table, &name, column_type(&field.kind))?;
            columns.push(Column {
                number: field.number,
                kind,
                name,
            });
        }
    }
    for column in &columns {
        note(connection, id, column)?;
    }
    let table = Table::new(name, row_type, in_order(&columns, row_type));
    index(connection, &table, id)?;
    Ok(table)
}

fn add(connection: &Connection, table: &str, name: &str, of_type: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "ALTER TABLE {table} ADD COLUMN {} {of_type}",
        quoted(name)
    ))
}

/// Writes the columns of all messages anew, and returns how many do not fit the type. Those have none.
fn fill(connection: &Connection, table: &Table) -> rusqlite::Result<u64> {
    let set: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("{column} = ?"))
        .collect();
    if set.is_empty() {
        return Ok(0);
    }
    let mut read = connection.prepare(&format!(
        "SELECT position, message FROM {} WHERE position > ? ORDER BY position LIMIT 1000",
        table.name
    ))?;
    let mut update = connection.prepare(&format!(
        "UPDATE {} SET {} WHERE position = ?",
        table.name,
        set.join(", ")
    ))?;
    let row_type = &table.row_type;
    let (mut values, mut misfits, mut after) = (row_type.row(), 0, 0_i64);
    loop {
        let mut some: Vec<(i64, Vec<u8>)> = Vec::new();
        for row in read.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))? {
            some.push(row?);
        }
        let Some((last, _)) = some.last() else {
            return Ok(misfits);
        };
        after = *last;
        for (position, message) in some {
            let fits = row_type.fits(&message, &mut values);
            misfits += u64::from(!fits);
            for field in 0..table.columns.len() {
                if fits {
                    update.raw_bind_parameter(field + 1, table.value(field, &values, &message))?;
                } else {
                    update.raw_bind_parameter(field + 1, rusqlite::types::Null)?;
                }
            }
            update.raw_bind_parameter(table.columns.len() + 1, position)?;
            update.raw_execute()?;
        }
    }
}

/// Keys are looked up by an index. It need not be unique: who writes takes away the message that has the key.
fn index(connection: &Connection, table: &Table, id: i64) -> rusqlite::Result<()> {
    let Some(key) = table.row_type.key else {
        return Ok(());
    };
    connection.execute_batch(&format!(
        "CREATE INDEX {} ON {} ({})",
        index_name(id),
        table.name,
        table.columns[key]
    ))
}

fn index_name(id: i64) -> String {
    format!("protod_key_{id}")
}

fn note(connection: &Connection, id: i64, column: &Column) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO protod_columns (collection, number, type, name) VALUES (?, ?, ?, ?)",
        params![id, column.number, column.kind, column.name],
    )?;
    Ok(())
}

fn columns_of(connection: &Connection, id: i64) -> rusqlite::Result<Vec<Column>> {
    let mut statement =
        connection.prepare("SELECT number, type, name FROM protod_columns WHERE collection = ?")?;
    let columns = statement.query_map([id], |row| {
        Ok(Column {
            number: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
        })
    })?;
    columns.collect()
}

/// The columns in the order of the fields, in quotes.
fn in_order(columns: &[Column], row_type: &RowType) -> Vec<String> {
    let named = |number| columns.iter().find(|column| column.number == number);
    let fields = row_type.fields.iter();
    // Each field has one.
    fields
        .filter_map(|field| named(field.number).map(|column| quoted(&column.name)))
        .collect()
}

/// The field's name, or with its number if a column is called so. SQLite's names are the same in both cases.
fn free_name(name: &str, number: u32, columns: &[Column]) -> String {
    let is_taken = OWN_COLUMNS.iter().any(|own| own.eq_ignore_ascii_case(name))
        || columns
            .iter()
            .any(|column| column.name.eq_ignore_ascii_case(name));
    if is_taken {
        format!("{name}_{number}")
    } else {
        name.to_owned()
    }
}
