//! The elements of a list, or the entries of a map, for the loops of rules.
//!
//! Lists go in their own order, and maps in the order of their keys: numbers, then texts. Nothing is copied that can be
//! borrowed.

use super::evaluation::Evaluation;
use super::row_reading::RowReading;
use super::stored::{Found, stored};
use crate::cel::budget::{Budget, reading_weight};
use crate::cel::cost::sorting;
use crate::cel::env::Env;
use crate::cel::fields::ListElements;
use crate::cel::store::Entries;
use crate::cel::typed::{Rows, Segment};
use crate::cel::values::{EvalError, Evaluated, Value, key_order};

/// The elements that a loop goes over.
#[derive(Debug)]
pub(crate) struct Elements<'e> {
    rest: Rest<'e>,
    /// How many elements have come.
    index: i64,
}

#[derive(Debug)]
enum Rest<'e> {
    Borrowed(std::slice::Iter<'e, Value<'e>>),
    List(std::vec::IntoIter<Value<'e>>),
    /// Where they stand in the bytes of a message.
    Field(ListElements<'e, 'e>),
    Map(std::vec::IntoIter<(Value<'e>, Value<'e>)>),
    Stored(Entries<'e>),
    Rows(Box<RowsLeft<'e>>),
}

/// The rows of a collection that are left.
#[derive(Debug)]
struct RowsLeft<'e> {
    rows: &'e Rows,
    reading: RowReading,
    env: Env<'e>,
}

impl<'e> Elements<'e> {
    /// The rows of a collection, which are read in batches.
    pub(in crate::cel) fn rows(rows: &'e Rows, env: &Env<'e>) -> Evaluated<Self> {
        let reading = RowReading::begin(rows, None, &mut Evaluation::new(env))?;
        let env = *env;
        Ok(Self::new(Rest::Rows(Box::new(RowsLeft { rows, reading, env }))))
    }

    /// The elements of a list field, read where they stand.
    pub(in crate::cel) fn of_field(elements: ListElements<'e, 'e>) -> Self {
        Self::new(Rest::Field(elements))
    }

    pub(in crate::cel) fn borrowed(value: &'e Value<'e>, budget: &Budget) -> Evaluated<Self> {
        match value {
            Value::List(values) => Ok(Self::new(Rest::Borrowed(values.iter()))),
            other => {
                budget.charge_borrowing(other)?;
                Self::of(other.borrowed(), budget)
            }
        }
    }

    pub(in crate::cel) fn of(value: Value<'e>, budget: &Budget) -> Evaluated<Self> {
        match value {
            Value::List(values) => Ok(Self::new(Rest::List(values.into_iter()))),
            Value::Map(mut entries) => {
                let weight = entries.iter().map(|(key, _)| reading_weight(key)).sum();
                budget.charge(sorting(entries.len(), weight))?;
                entries.sort_by(|(one, _), (other, _)| key_order(one, other));
                Ok(Self::new(Rest::Map(entries.into_iter())))
            }
            other => Err(EvalError::of_value(&other.to_excerpt(), "is not a list")),
        }
    }

    /// The elements of what is at a path of the store. There are none in what is absent.
    pub(in crate::cel) fn stored(
        path: &'e [Segment],
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Self> {
        match stored(path, evaluation)? {
            Found::Absent(_) => Ok(Self::new(Rest::List(Vec::new().into_iter()))),
            Found::Map(tree) => Ok(Self::new(Rest::Stored(tree.iter()))),
            Found::Held(value) => Self::borrowed(value, evaluation.budget()),
            Found::Read(value) => Self::of(value, evaluation.budget()),
        }
    }

    fn new(rest: Rest<'e>) -> Self {
        Self { rest, index: 0 }
    }

    /// Whether it goes over the entries of a map.
    pub(crate) fn is_of_map(&self) -> bool {
        matches!(self.rest, Rest::Map(_) | Rest::Stored(_))
    }

    /// The next element of a list, or the next key of a map.
    pub(crate) fn next(&mut self, budget: &Budget) -> Evaluated<Option<Value<'e>>> {
        if let Rest::Stored(entries) = &mut self.rest {
            return Ok(entries.next().map(|(key, _)| key));
        }
        Ok(self.next_pair(budget)?.map(|(key, value)| match self.rest {
            Rest::Map(_) => key,
            _ => value,
        }))
    }

    /// The index and the element of a list, the position and the row of a collection, or the key and the value of a map.
    pub(crate) fn next_pair(&mut self, budget: &Budget) -> Evaluated<Option<(Value<'e>, Value<'e>)>> {
        let value = match &mut self.rest {
            Rest::Map(entries) => return Ok(entries.next()),
            Rest::Stored(entries) => {
                return match entries.next() {
                    Some((key, node)) => Ok(Some((key, node.to_value(budget)?))),
                    None => Ok(None),
                };
            }
            Rest::Rows(left) => {
                let next = left.reading.next(left.rows, &mut Evaluation::new(&left.env))?;
                return Ok(next.map(|(position, row)| (Value::Int(position.0.cast_signed()), row)));
            }
            Rest::List(values) => values.next(),
            Rest::Field(elements) => elements.next(budget)?,
            Rest::Borrowed(values) => match values.next() {
                Some(value) => {
                    budget.charge_borrowing(value)?;
                    Some(value.borrowed())
                }
                None => None,
            },
        };
        self.index += 1;
        Ok(value.map(|value| (Value::Int(self.index - 1), value)))
    }
}
