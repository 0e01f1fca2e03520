//! The table of a collection: its columns, and the statements that read and write it.
//!
//! | column | what it has |
//! |---|---|
//! | `position` | grows, and is never given twice |
//! | `stored_at` | when the message was written, in milliseconds since 1970 |
//! | `checksum` | the CRC-32 of the position and the message |
//! | one for each singular scalar field | its value; NULL if the message does not have it |
//! | `message` | the bytes |
//!
//! Columns are derived: what a collection has is its messages.

use std::fmt::Write as _;
use std::sync::Arc;

use prost_reflect::Kind;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use crate::collection::query::Condition;
use crate::collection::relation::Relation;
use crate::collection::row_type::{Row, RowType, ScalarField};
use crate::collection::scalar::Scalar;

/// The columns that are no fields, before those that are and after.
pub(super) const OWN_COLUMNS: [&str; 4] = ["position", "stored_at", "checksum", "message"];

/// The table of a collection, for the type that was declared last.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name, in quotes.
    pub(super) name: String,
    pub(super) row_type: Arc<RowType>,
    /// The name of the column of each field of the type, in quotes.
    pub(super) columns: Vec<String>,
    pub(super) insert: String,
    /// Takes away the messages of a key, and returns their sizes.
    pub(super) delete: Option<String>,
}

impl Table {
    pub(super) fn new(name: &str, row_type: &Arc<RowType>, columns: Vec<String>) -> Self {
        let name = quoted(name);
        let mut insert = format!("INSERT INTO {name} (position, stored_at, checksum, message");
        for column in &columns {
            let _ = write!(insert, ", {column}");
        }
        let _ = write!(insert, ") VALUES (?, ?, ?, ?{})", ", ?".repeat(columns.len()));
        let delete = row_type.key.map(|key| {
            format!(
                "DELETE FROM {name} WHERE {} = ? RETURNING length(message)",
                columns[key]
            )
        });
        Self {
            name,
            row_type: Arc::clone(row_type),
            columns,
            insert,
            delete,
        }
    }

    /// The value of the column of a field.
    pub(super) fn value<'b>(&'b self, field: usize, row: &Row, bytes: &'b [u8]) -> ToSqlOutput<'b> {
        let row_type = &self.row_type;
        let value = if row_type.key == Some(field) {
            Some(row_type.value(field, row, bytes))
        } else {
            row_type.present(field, row, bytes)
        };
        value.map_or(ToSqlOutput::Owned(Value::Null), |value| {
            column_value(&row_type.fields[field].kind, value)
        })
    }

    /// A condition on columns that is true of each message of which all these conditions hold, and perhaps of others. The
    /// `bool` says that it is true of no others.
    pub(super) fn condition(&self, conditions: &[Condition]) -> (String, Vec<Value>, bool) {
        let (mut sql, mut values, mut is_exact) = (String::new(), Vec::new(), true);
        for condition in conditions {
            let field = self
                .row_type
                .field(condition.field)
                .filter(|field| self.is_exact(*field));
            let operator = match condition.relation {
                Relation::Equal => "=",
                Relation::NotEqual => "<>",
                Relation::Less => "<",
                Relation::LessOrEqual => "<=",
                Relation::Greater => ">",
                Relation::GreaterOrEqual => ">=",
            };
            let value = field.and_then(|field| comparable(&self.row_type.fields[field], condition));
            if let (Some(field), Some(value)) = (field, value) {
                values.push(value);
                let _ = write!(sql, " AND {} {operator} ?", self.columns[field]);
            } else {
                is_exact = false;
            }
        }
        (sql, values, is_exact)
    }

    /// Whether the column of a field compares as the field does: numbers that are no doubles beyond 63 bits, and texts, which a message
    /// cannot be without.
    pub(super) fn is_exact(&self, field: usize) -> bool {
        let is_key = self.row_type.key == Some(field);
        let field = &self.row_type.fields[field];
        let is_simple = !matches!(
            field.kind,
            Kind::Uint64 | Kind::Fixed64 | Kind::Enum(_) | Kind::Bool | Kind::Bytes | Kind::Message(_)
        );
        is_simple && (is_key || !field.has_presence)
    }
}

/// The value to compare a column with. `None` if SQLite would compare in another way.
fn comparable(field: &ScalarField, condition: &Condition) -> Option<Value> {
    Some(match (&field.kind, &condition.value) {
        (Kind::String, Scalar::Text(text)) => Value::Text(text.clone().into_owned()),
        (Kind::String, _) => return None,
        // What is no number is NULL in its column.
        (Kind::Double | Kind::Float, _) if condition.relation == Relation::NotEqual => return None,
        (_, Scalar::Int(number)) => Value::Integer(*number),
        (_, Scalar::Uint(number)) => Value::Integer(i64::try_from(*number).ok()?),
        (_, Scalar::Double(number)) if !number.is_nan() => Value::Real(*number),
        _ => return None,
    })
}

/// How SQLite has the value of a field. It has no numbers of 64 bits without a sign: those that do not fit are texts.
pub(super) fn column_value<'b>(kind: &Kind, value: Scalar<'b>) -> ToSqlOutput<'b> {
    match value {
        Scalar::Int(number) => {
            let named = match kind {
                Kind::Enum(values) => values.get_value(number as i32),
                _ => None,
            };
            let named = named.map(|value| Value::Text(value.name().to_owned()));
            ToSqlOutput::Owned(named.unwrap_or(Value::Integer(number)))
        }
        Scalar::Bool(truth) => ToSqlOutput::Owned(Value::Integer(truth.into())),
        Scalar::Uint(number) => ToSqlOutput::Owned(
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer),
        ),
        Scalar::Double(number) => ToSqlOutput::Owned(Value::Real(number)),
        Scalar::Text(std::borrow::Cow::Borrowed(text)) => {
            ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
        }
        Scalar::Text(std::borrow::Cow::Owned(text)) => ToSqlOutput::Owned(Value::Text(text)),
        Scalar::Bytes(std::borrow::Cow::Borrowed(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Scalar::Bytes(std::borrow::Cow::Owned(bytes)) => ToSqlOutput::Owned(Value::Blob(bytes)),
    }
}

/// How a column of that kind is declared. One that may hold texts beside numbers has no type, which would turn texts into numbers.
pub(super) fn column_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double | Kind::Float => "REAL",
        Kind::String | Kind::Enum(_) => "TEXT",
        Kind::Bytes | Kind::Message(_) => "BLOB",
        Kind::Uint64 | Kind::Fixed64 => "",
        _ => "INTEGER",
    }
}

/// A name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The checksum of a message.
pub(super) fn checksum(position: u64, message: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&position.to_le_bytes());
    hasher.update(message);
    hasher.finalize()
}
