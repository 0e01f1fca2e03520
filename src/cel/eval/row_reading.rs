//! Where a loop is among the messages of a collection.
//!
//! Messages are read in batches, so that a call holds one batch and not the collection. Between two batches others may write:
//! what is added meanwhile is read as well, in the order in which it was added, and what is gone is not.

use std::borrow::Cow;
use std::collections::VecDeque;

use bytes::Bytes;

use super::evaluation::Evaluation;
use crate::cel::fields::message_value;
use crate::cel::typed::{RowFilter, Rows};
use crate::cel::values::{EvalError, Evaluated, Value};
use crate::collection::{Batch, Collection, Fault, Most, Order, Position, Query};

/// What a call holds at a time, at most; one message if that is larger.
const BATCH: Most = Most {
    rows: 512,
    bytes: 256 << 10,
};

/// Where a loop is among rows.
#[derive(Debug)]
pub(crate) struct RowReading {
    query: Query,
    /// The last row that was looked at.
    after: Option<Position>,
    batch: VecDeque<(Position, Bytes)>,
    /// The last row of the batch that was taken or passed over.
    passed: Option<Position>,
    is_end: bool,
}

impl RowReading {
    /// Begins after this row.
    pub(in crate::cel) fn begin<'e>(
        rows: &'e Rows,
        after: Option<Position>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Self> {
        Ok(Self {
            query: rows.query(evaluation)?,
            after,
            batch: VecDeque::new(),
            passed: after,
            is_end: false,
        })
    }

    /// Reads in another order; to be called before anything is read.
    pub(super) fn set_order(&mut self, order: Order) {
        self.query.order = order;
    }

    /// Whether all that was read has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Whether there was no more to read.
    pub(crate) fn is_end(&self) -> bool {
        self.is_end
    }

    /// The last row that was taken or passed over: who begins after it reads what is left.
    pub(crate) fn passed(&self) -> Option<Position> {
        if self.batch.is_empty() {
            self.after
        } else {
            self.passed
        }
    }

    /// Reads the next batch. May wait for a disk.
    pub(crate) fn fetch(&mut self, collection: &Collection) -> Result<(), Fault> {
        let Batch { rows, seen, is_end } = collection.read(&self.query, self.after, BATCH)?;
        self.after = seen.or(self.after);
        self.is_end = is_end;
        self.batch.extend(rows);
        Ok(())
    }

    /// Takes the next row of the batch for which all filters hold. After an error, which may be that the budget has no room,
    /// it is there again.
    pub(in crate::cel) fn next_of_batch<'e>(
        &mut self,
        rows: &'e Rows,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<(Position, Value<'e>)>> {
        let taken = self.take(rows, evaluation)?;
        Ok(taken.map(|(position, _, row)| (position, row)))
    }

    /// The same, and the bytes of the row.
    pub(in crate::cel) fn take<'e>(
        &mut self,
        rows: &'e Rows,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<(Position, Bytes, Value<'e>)>> {
        while let Some((_, bytes)) = self.batch.front() {
            let row = rows.row(bytes.to_vec(), evaluation)?;
            let taken = rows.taken(row, evaluation)?;
            let Some((position, bytes)) = self.batch.pop_front() else {
                break;
            };
            self.passed = Some(position);
            if let Some(row) = taken {
                return Ok(Some((position, bytes, row)));
            }
        }
        Ok(None)
    }

    /// The next row, with as many batches as it takes.
    pub(in crate::cel) fn next<'e>(
        &mut self,
        rows: &'e Rows,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<(Position, Value<'e>)>> {
        loop {
            if let Some(found) = self.next_of_batch(rows, evaluation)? {
                return Ok(Some(found));
            }
            if self.is_end {
                return Ok(None);
            }
            let collection = rows.collection(evaluation)?;
            let (reads, at_once) = (&evaluation.env.call.reads, collection.is_short());
            reads.read(collection, at_once, evaluation.budget(), || {
                self.fetch(collection)
            })?;
        }
    }
}

impl Rows {
    /// The collection itself.
    pub(super) fn collection<'e>(&self, evaluation: &Evaluation<'_, 'e>) -> Evaluated<&'e Collection> {
        let collection = evaluation.env.collections.get(self.collection);
        collection.ok_or_else(|| EvalError::new("there are no collections here"))
    }

    /// A row as a value.
    pub(super) fn row<'e>(&self, bytes: Vec<u8>, evaluation: &Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        let budget = evaluation.budget();
        budget.charge(2)?;
        budget.charge_made(bytes.len())?;
        message_value(&self.message, self.form.as_ref(), Cow::Owned(bytes), budget)
    }

    /// A row for which all filters hold.
    fn taken<'e>(
        &'e self,
        mut row: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<Value<'e>>> {
        for filter in &self.filters {
            let holds;
            (holds, row) = filter.holds(row, evaluation)?;
            if !holds {
                return Ok(None);
            }
        }
        Ok(Some(row))
    }
}

impl RowFilter {
    /// Whether it holds for a row, and the row again.
    fn holds<'e>(
        &'e self,
        row: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<(bool, Value<'e>)> {
        evaluation.budget().charge(self.cost)?;
        evaluation.budget().charge_copying(&row)?;
        let around = evaluation.variables.len();
        // The loops around it may not be running, where what they give is read in batches.
        for _ in around..self.variable {
            evaluation.variables.push(Value::Null);
        }
        evaluation.variables.push(row);
        let holds = self.condition.eval_bool(evaluation);
        let row = evaluation.variables.pop().unwrap_or(Value::Null);
        for _ in around..self.variable {
            evaluation.variables.pop();
        }
        holds.map(|holds| (holds, row))
    }
}
