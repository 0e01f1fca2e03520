//! The thread that writes: a group at a time, each in one transaction.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, params};

use super::checkpoint::Checkpoints;
use super::declare::{Stats, declare};
use super::kept::{Current, Kept};
use super::queue::{Group, Queue, What, Work};
use super::table::{Table, checksum, column_value};
use super::trouble::report;
use crate::collection::declaration::{Declaration, Durability, Retention, now};
use crate::collection::fault::FaultKind;
use crate::collection::row_type::{Row, RowType};
use crate::collection::scalar::Scalar;

/// How often those that are too old are taken away where nothing is written.
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);

/// How many of the oldest messages are looked at at once.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// Work of the thread that is no write.
pub(in crate::collection) struct Job(Box<dyn FnOnce(&mut Writing) + Send>);

impl Job {
    pub(super) fn new(work: impl FnOnce(&mut Writing) + Send + 'static) -> Self {
        Self(Box::new(work))
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// What the thread has.
pub(super) struct Writing {
    /// Its thread ends before the connection is closed: the last connection writes all of the log into the file.
    checkpoints: Checkpoints,
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) open: Vec<Open>,
    /// What the last commit waited for.
    durability: Option<Durability>,
}

/// A collection that is written.
pub(super) struct Open {
    kept: Arc<Kept>,
    pub(super) table: Arc<Table>,
    row: Row,
    pub(super) stats: Stats,
    /// As the file has them.
    stored: Stats,
}

impl Writing {
    pub(super) fn new(connection: Connection, checkpoints: Checkpoints, path: PathBuf) -> Self {
        Self {
            checkpoints,
            connection,
            path,
            open: Vec::new(),
            durability: None,
        }
    }

    /// Works until the queue is closed.
    pub(super) fn run(mut self, queue: &Queue<Job>) {
        // Whatever ends this, nobody waits for it.
        let _abandoned = queue.abandoned_with_this();
        loop {
            match queue.next(self.patience()) {
                Work::Do(Job(work)) => work(&mut self),
                Work::Write(group) => {
                    let outcome = self.write(&group);
                    // Before the calls learn of it: they may read what they have written.
                    self.announce();
                    queue.end(group, outcome);
                }
                Work::Nothing => {
                    // It is logged, and tried again.
                    let _ = self.write(&Group::empty());
                }
                Work::End => break,
            }
        }
    }

    /// How long to wait before those that are too old are taken away.
    fn patience(&self) -> Option<Duration> {
        let own = self.open.iter().filter(|open| !open.kept.is_copy);
        let ages = own.filter_map(|open| open.kept.current().keep.age);
        ages.min()
            .map(|age| (age / 10).clamp(Duration::from_millis(100), LONGEST_PATIENCE))
    }

    /// Makes the collection ready to be written and read by a type.
    pub(super) fn declare(
        &mut self,
        declaration: &Declaration,
        row_type: &Arc<RowType>,
        is_copy: bool,
    ) -> rusqlite::Result<Arc<Kept>> {
        let (table, stats) = declare(&mut self.connection, declaration, row_type)?;
        let table = Arc::new(table);
        let current = Current {
            table: Arc::clone(&table),
            keep: declaration.keep,
            is_whole: stats.misfits == 0,
        };
        let row = table.row_type.row();
        if let Some(open) = self.open.iter_mut().find(|open| open.stats.id == stats.id) {
            open.kept.set_current(current);
            (open.table, open.row, open.stats, open.stored) = (table, row, stats, stats);
            return Ok(Arc::clone(&open.kept));
        }
        let kept = Arc::new(Kept::new(self.open.len(), &declaration.name, is_copy, current));
        kept.set_next(stats.next);
        self.open.push(Open {
            kept: Arc::clone(&kept),
            table,
            row,
            stats,
            stored: stats,
        });
        Ok(kept)
    }

    /// How many collections there are.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Writes all of the log into the file. If that is not possible, SQLite does it when the file is opened again.
    pub(super) fn empty_log(&mut self) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let connection = &self.connection;
        let emptied = self
            .checkpoints
            .paused(|| connection.query_row(checkpoint, [], |_| Ok(())));
        if let Err(error) = emptied {
            report(&self.path, "", "empty the log of", error);
        }
    }

    /// Writes a group, or nothing of it.
    fn write(&mut self, group: &Group) -> Result<(), FaultKind> {
        let name = group.targets.first().map_or("", |target| &target.name);
        self.commit(name, group.durability, |connection, open| {
            Self::write_group(group, connection, open)
        })
    }

    /// Commits what `write` writes, or nothing of it. `name` is the collection that a failure is told of.
    pub(super) fn commit(
        &mut self,
        name: &str,
        durability: Durability,
        write: impl FnOnce(&Connection, &mut [Open]) -> rusqlite::Result<()>,
    ) -> Result<(), FaultKind> {
        self.transact(durability, write).map_err(|error| {
            if !self.connection.is_autocommit() {
                // If that fails too, so does the next group.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            for open in &mut self.open {
                open.stats = open.stored;
            }
            report(&self.path, name, "write", error)
        })
    }

    fn transact(
        &mut self,
        durability: Durability,
        write: impl FnOnce(&Connection, &mut [Open]) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        self.wait_for(durability)?;
        self.checkpoints.shorten(&self.path, &self.connection);
        let Self { connection, open, .. } = self;
        connection.prepare_cached("BEGIN IMMEDIATE")?.raw_execute()?;
        write(connection, open)?;
        for open in open.iter_mut() {
            if open.stats != open.stored {
                open.note(connection)?;
            }
        }
        connection.prepare_cached("COMMIT")?.raw_execute()?;
        for open in open.iter_mut() {
            open.stored = open.stats;
        }
        Ok(())
    }

    fn write_group(group: &Group, connection: &Connection, open: &mut [Open]) -> rusqlite::Result<()> {
        let at = now();
        let mut statements: Vec<Option<Statements<'_>>> = open.iter().map(|_| None).collect();
        let (mut begin, mut place) = (0, 0);
        for write in &group.writes {
            if let What::To(target) = write {
                place = group.targets[*target].place;
                continue;
            }
            let open = &mut open[place];
            let statements = match &mut statements[place] {
                Some(statements) => statements,
                none => none.insert(Statements::new(connection, &open.table)?),
            };
            match write {
                What::To(_) => {}
                What::Put(end) => {
                    let message = &group.bytes[std::mem::replace(&mut begin, *end)..*end];
                    open.put(statements, at, message)?;
                }
                What::Delete(key) => open.delete_key(statements, &key.as_scalar())?,
                What::Clear => open.clear(connection)?,
            }
        }
        drop(statements);
        for open in open.iter_mut().filter(|open| !open.kept.is_copy) {
            open.forget(connection, open.kept.current().keep, at)?;
        }
        Ok(())
    }

    /// Has the next commit wait for the disk, or not.
    fn wait_for(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability != Some(durability) {
            let synchronous = match durability {
                Durability::Fsync => "FULL",
                // The file is never damaged by it: the disk is waited for when the log goes into it.
                Durability::Memory | Durability::Flush => "NORMAL",
            };
            self.connection
                .execute_batch(&format!("PRAGMA synchronous = {synchronous}"))?;
            self.durability = Some(durability);
        }
        Ok(())
    }

    /// Wakes those who wait for something new.
    pub(super) fn announce(&self) {
        for open in &self.open {
            if open.kept.next() != open.stored.next {
                open.kept.set_next(open.stored.next);
            }
        }
    }

    /// Makes the disk full: the file may have no more pages than it has.
    #[cfg(test)]
    pub(super) fn fill_disk(&mut self, is_full: bool) {
        let pages = if is_full { 1 } else { u32::MAX - 1 };
        let _ = self
            .connection
            .execute_batch(&format!("PRAGMA max_page_count = {pages}"));
    }
}

/// The statements that write a collection.
pub(super) struct Statements<'c> {
    insert: CachedStatement<'c>,
    delete: Option<CachedStatement<'c>>,
}

impl<'c> Statements<'c> {
    pub(super) fn new(connection: &'c Connection, table: &Table) -> rusqlite::Result<Self> {
        let delete = table.delete.as_deref();
        Ok(Self {
            insert: connection.prepare_cached(&table.insert)?,
            delete: delete.map(|sql| connection.prepare_cached(sql)).transpose()?,
        })
    }
}

impl Open {
    pub(super) fn put(
        &mut self,
        statements: &mut Statements<'_>,
        at: u64,
        message: &[u8],
    ) -> rusqlite::Result<()> {
        let table = Arc::clone(&self.table);
        let fits = table.row_type.fits(message, &mut self.row);
        if !fits {
            // A call that began before the type was another writes it.
            self.stats.misfits += 1;
            self.kept.is_not_whole();
        }
        if fits && let Some(key) = table.row_type.key {
            let key = table.row_type.value(key, &self.row, message);
            self.delete_key(statements, &key)?;
        }
        let position = self.stats.next;
        let insert = &mut statements.insert;
        insert.raw_bind_parameter(1, position.cast_signed())?;
        insert.raw_bind_parameter(2, at.cast_signed())?;
        insert.raw_bind_parameter(3, checksum(position, message))?;
        insert.raw_bind_parameter(4, message)?;
        for field in 0..table.columns.len() {
            if fits {
                insert.raw_bind_parameter(field + 5, table.value(field, &self.row, message))?;
            } else {
                insert.raw_bind_parameter(field + 5, rusqlite::types::Null)?;
            }
        }
        insert.raw_execute()?;
        self.stats.next += 1;
        self.stats.count += 1;
        self.stats.size += message.len() as u64;
        Ok(())
    }

    pub(super) fn delete_key(
        &mut self,
        statements: &mut Statements<'_>,
        key: &Scalar<'_>,
    ) -> rusqlite::Result<()> {
        let (Some(delete), Some(field)) = (&mut statements.delete, self.table.row_type.key) else {
            return Ok(());
        };
        let value = column_value(&self.table.row_type.fields[field].kind, key.clone());
        self.stats.delete(delete, value)
    }

    pub(super) fn clear(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute(&format!("DELETE FROM {}", self.table.name), [])?;
        (self.stats.count, self.stats.size, self.stats.misfits) = (0, 0, 0);
        Ok(())
    }

    /// Takes away the oldest messages, as far as they are too many or too old.
    pub(super) fn forget(
        &mut self,
        connection: &Connection,
        keep: Retention,
        now: u64,
    ) -> rusqlite::Result<()> {
        let cutoff = keep.cutoff(now);
        if keep.age.is_none() && !keep.is_exceeded(self.stats.count, self.stats.size) {
            return Ok(());
        }
        let mut oldest = connection.prepare_cached(&format!(
            "SELECT position, stored_at, length(message) FROM {} ORDER BY position LIMIT {FORGOTTEN_AT_ONCE}",
            self.table.name
        ))?;
        loop {
            let (mut last, mut seen) = (None, 0);
            let mut rows = oldest.raw_query();
            while let Some(row) = rows.next()? {
                let at: i64 = row.get(1)?;
                if at.cast_unsigned() >= cutoff && !keep.is_exceeded(self.stats.count, self.stats.size) {
                    break;
                }
                seen += 1;
                last = Some(row.get::<_, i64>(0)?);
                self.stats.count = self.stats.count.saturating_sub(1);
                self.stats.size = self
                    .stats
                    .size
                    .saturating_sub(row.get::<_, i64>(2)?.cast_unsigned());
            }
            drop(rows);
            if let Some(last) = last {
                let sql = format!("DELETE FROM {} WHERE position <= ?", self.table.name);
                connection.prepare_cached(&sql)?.execute([last])?;
            }
            if seen < FORGOTTEN_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Writes down how much there is.
    fn note(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "UPDATE protod_collections SET next = ?, count = ?, size = ?, misfits = ? WHERE id = ?";
        connection.prepare_cached(sql)?.execute(params![
            self.stats.next.cast_signed(),
            self.stats.count.cast_signed(),
            self.stats.size.cast_signed(),
            self.stats.misfits.cast_signed(),
            self.stats.id
        ])?;
        Ok(())
    }
}
