//! Reads beside the thread that writes, each on a connection of its own: readers and the writer do not wait for each other.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::file::reading;
use super::kept::{Current, Kept};
use super::table::{checksum, column_value};
use super::trouble::{report, report_damage};
use crate::collection::declaration::now;
use crate::collection::fault::FaultKind;
use crate::collection::query::{Aggregate, Batch, Extent, MOST_SEEN, Most, Order, Position, Query, cut};
use crate::collection::row_type::RowType;
use crate::collection::scalar::{Key, Scalar};

/// How many connections wait for the next reader.
const MOST_IDLE: usize = 4;

/// How many positions a batch with conditions goes through; in a copy, where chunks leave some unused, sixteen times as many.
const WINDOW: u64 = 1 << 16;

/// Reads a file.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// What came of asking SQLite.
pub(in crate::collection) enum Computed {
    /// This; `None` of no messages.
    Is(Option<Scalar<'static>>),
    /// It would not be what the messages say.
    NotHere,
}

/// Why nothing was read.
enum Failure {
    Sqlite(rusqlite::Error),
    /// The checksum of the message there is another.
    Damaged(u64),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    /// Closes the connections that wait.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn get(&self, from: &Kept, key: &Key, row_type: &RowType) -> Result<Option<Bytes>, FaultKind> {
        let current = from.current();
        let table = &current.table;
        let Some(field) = table.row_type.key else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT position, checksum, message FROM {} WHERE {} = ? AND stored_at >= ? ORDER BY position DESC LIMIT 1",
            table.name, table.columns[field]
        );
        let kind = &table.row_type.fields[field].kind;
        self.with(from, |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.raw_bind_parameter(1, column_value(kind, key.as_scalar()))?;
            statement.raw_bind_parameter(2, cutoff(&current))?;
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(None) };
            let (_, message) = message_of(row)?;
            let fits = row_type.fits(message, &mut row_type.row());
            Ok(fits.then(|| Bytes::copy_from_slice(message)))
        })
    }

    pub(super) fn read(
        &self,
        from: &Kept,
        query: &Query,
        after: Option<Position>,
        most: Most,
        row_type: &RowType,
    ) -> Result<Batch, FaultKind> {
        let current = from.current();
        let is_same = current.table.row_type.fingerprint == row_type.fingerprint;
        let (condition, values, _) = if is_same {
            current.table.condition(&query.conditions)
        } else {
            Default::default()
        };
        // What is committed while it is read is for the next batch.
        let end = from.next();
        let (mut low, mut high) = match query.order {
            // A client names any position, and SQLite has no numbers beyond those with a sign.
            Order::Oldest => (
                after.map_or(0, |Position(after)| after.saturating_add(1).min(end)),
                end,
            ),
            Order::Newest => (0, after.map_or(end, |Position(after)| after.min(end))),
        };
        if !condition.is_empty() {
            if from.is_copy {
                (low, high) = self.with(from, |connection| {
                    Ok(within(connection, &current.table.name, query.order, low..high)?)
                })?;
            }
            let window = if from.is_copy { WINDOW << 4 } else { WINDOW };
            match query.order {
                Order::Oldest => high = high.min(low.saturating_add(window)),
                Order::Newest => low = low.max(high.saturating_sub(window)),
            }
        }
        let is_last = match query.order {
            Order::Oldest => high == end,
            Order::Newest => low == 0,
        };
        let direction = match query.order {
            Order::Oldest => "ASC",
            Order::Newest => "DESC",
        };
        let sql = format!(
            "SELECT position, checksum, message FROM {} WHERE position >= ? AND position < ? AND stored_at >= ?{condition} \
             ORDER BY position {direction} LIMIT {MOST_SEEN}",
            current.table.name
        );
        let bounds = [low.cast_signed(), high.cast_signed(), cutoff(&current)].map(Value::Integer);
        self.with(from, |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(bounds.iter().chain(&values)))?;
            let (mut found, mut bytes, mut row_values) = (Vec::new(), BytesMut::new(), row_type.row());
            let (mut seen, mut count, mut is_cut) = (None, 0, false);
            while let Some(row) = rows.next()? {
                let (position, message) = message_of(row)?;
                count += 1;
                let is_wanted = row_type.fits(message, &mut row_values)
                    && row_type.is_wanted(query, &row_values, message);
                let is_more = bytes.len() + message.len() > most.bytes || found.len() == most.rows;
                if is_wanted && is_more && !found.is_empty() {
                    is_cut = true;
                    break;
                }
                seen = Some(Position(position));
                if is_wanted {
                    bytes.extend_from_slice(message);
                    found.push((Position(position), bytes.len()));
                }
            }
            is_cut |= count == MOST_SEEN;
            if !is_cut && !is_last {
                // All of the window was looked at.
                seen = Some(Position(match query.order {
                    Order::Oldest => high - 1,
                    Order::Newest => low,
                }));
            }
            Ok(Batch {
                rows: cut(found, bytes.freeze()),
                seen,
                is_end: !is_cut && is_last,
            })
        })
    }

    pub(super) fn extent(&self, of: &Kept) -> Result<Extent, FaultKind> {
        self.with(of, |connection| {
            let sql = "SELECT count, size FROM protod_collections WHERE name = ?";
            let mut statement = connection.prepare_cached(sql)?;
            let extent = statement.query_row([&*of.name], |row| {
                Ok(Extent {
                    count: row.get::<_, i64>(0)?.cast_unsigned(),
                    size: row.get::<_, i64>(1)?.cast_unsigned(),
                })
            });
            Ok(extent?)
        })
    }

    /// What SQLite computes of the columns.
    pub(super) fn aggregate(
        &self,
        from: &Kept,
        query: &Query,
        what: Aggregate,
        row_type: &RowType,
    ) -> Result<Computed, FaultKind> {
        let current = from.current();
        let table = &current.table;
        let (condition, values, is_exact) = table.condition(&query.conditions);
        if !is_exact || !current.is_whole || table.row_type.fingerprint != row_type.fingerprint {
            return Ok(Computed::NotHere);
        }
        let column = |number| {
            let field = row_type.field(number).filter(|field| table.is_exact(*field));
            field.map(|field| (&table.columns[field], &row_type.fields[field].default))
        };
        let (function, column) = match what {
            Aggregate::Count => ("count", None),
            Aggregate::Sum(number) => ("total", column(number)),
            Aggregate::Average(number) => ("avg", column(number)),
            Aggregate::Least(number) => ("min", column(number)),
            Aggregate::Greatest(number) => ("max", column(number)),
        };
        let is_double = column.is_some_and(|(_, default)| matches!(default, Scalar::Double(_)));
        let expression = match (what, column) {
            (Aggregate::Count, _) => "count(*)".to_owned(),
            (_, None) => return Ok(Computed::NotHere),
            // Texts have no sum.
            (Aggregate::Sum(_) | Aggregate::Average(_), Some((_, Scalar::Text(_)))) => {
                return Ok(Computed::NotHere);
            }
            // A sum of whole numbers that does not fit is an error.
            (Aggregate::Sum(_), Some((column, _))) if !is_double => format!("ifnull(sum({column}), 0)"),
            // The average of whole numbers is exact only if their sum is.
            (Aggregate::Average(_), Some(_)) if !is_double => return Ok(Computed::NotHere),
            (_, Some((column, _))) => format!("{function}({column})"),
        };
        let sql = format!(
            "SELECT {expression} FROM {} WHERE stored_at >= ?{condition}",
            table.name
        );
        let bounds = [Value::Integer(cutoff(&current))];
        self.with(from, |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement
                .query_row(params_from_iter(bounds.iter().chain(&values)), |row| {
                    row.get::<_, Value>(0)
                })
                .optional();
            let default = column.map(|(_, default)| default);
            Ok(match found {
                Ok(found) => Computed::Is(found.and_then(|value| scalar(value, default))),
                // What the matter is, the messages say.
                Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {
                    Computed::NotHere
                }
                Err(error) => return Err(error.into()),
            })
        })
    }

    /// Reads by a connection.
    fn with<T>(
        &self,
        from: &Kept,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, FaultKind> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let done = match idle.map_or_else(|| reading(&self.path), Ok) {
            Ok(connection) => {
                let done = read(&connection);
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                // Who failed may have what is wrong in its cache.
                if done.is_ok() && idle.len() < MOST_IDLE {
                    idle.push(connection);
                }
                done
            }
            Err(error) => Err(error.into()),
        };
        done.map_err(|failure| match failure {
            Failure::Sqlite(error) => report(&self.path, &from.name, "read", error),
            Failure::Damaged(position) => report_damage(&self.path, &from.name, position),
        })
    }
}

/// The part of a range that begins, or in the other order ends, with a message: positions of copies leave wide gaps.
fn within(
    connection: &Connection,
    table: &str,
    order: Order,
    range: Range<u64>,
) -> rusqlite::Result<(u64, u64)> {
    let direction = match order {
        Order::Oldest => "ASC",
        Order::Newest => "DESC",
    };
    let sql = format!(
        "SELECT position FROM {table} WHERE position >= ? AND position < ? ORDER BY position {direction} LIMIT 1"
    );
    let bounds = [range.start.cast_signed(), range.end.cast_signed()];
    let found = connection
        .prepare_cached(&sql)?
        .query_row(bounds, |row| row.get::<_, i64>(0))
        .optional()?
        .map(i64::cast_unsigned);
    Ok(match (order, found) {
        (Order::Oldest, found) => (found.unwrap_or(range.end), range.end),
        (Order::Newest, found) => (range.start, found.map_or(range.start, |position| position + 1)),
    })
}

/// The moment before which messages are not seen.
fn cutoff(current: &Current) -> i64 {
    current
        .keep
        .age
        .map_or(0, |_| current.keep.cutoff(now()).cast_signed())
}

/// The position and the message of a row, whose checksum is right.
fn message_of<'r>(row: &'r rusqlite::Row<'_>) -> Result<(u64, &'r [u8]), Failure> {
    let position = row.get::<_, i64>(0)?.cast_unsigned();
    match (row.get_ref(1)?, row.get_ref(2)?) {
        (ValueRef::Integer(known), ValueRef::Blob(message))
            if known == i64::from(checksum(position, message)) =>
        {
            Ok((position, message))
        }
        _ => Err(Failure::Damaged(position)),
    }
}

/// What SQLite computed, as a value of the field with that default.
fn scalar(value: Value, default: Option<&Scalar<'_>>) -> Option<Scalar<'static>> {
    match value {
        Value::Integer(number) if matches!(default, Some(Scalar::Uint(_))) => {
            Some(Scalar::Uint(number.cast_unsigned()))
        }
        Value::Integer(number) => Some(Scalar::Int(number)),
        Value::Real(number) => Some(Scalar::Double(number)),
        Value::Text(text) => Some(Scalar::Text(text.into())),
        Value::Blob(_) | Value::Null => None,
    }
}
