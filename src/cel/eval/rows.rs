//! What expressions ask of a collection: the row of a key, how many rows there are, the sum of a field.
//!
//! What the engine can find by itself is left to it. Where a filter is more than it can do, the rows are read in batches, and
//! each of them is looked at here.

use std::borrow::Cow;

use bytes::Bytes;

use super::evaluation::Evaluation;
use super::row_reading::RowReading;
use crate::cel::fields::FieldReader;
use crate::cel::operators::{Math, Relation};
use crate::cel::typed::{Question, RowCondition, Rows};
use crate::cel::values::{EvalError, Evaluated, Value, compare};
use crate::collection::{Aggregate, Condition, Order, Query, Scalar};

impl Rows {
    /// All rows, as a list.
    pub(super) fn list<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        let mut rows = Vec::new();
        let mut reading = RowReading::begin(self, None, evaluation)?;
        while let Some((_, row)) = reading.next(self, evaluation)? {
            rows.push(row);
        }
        Ok(Value::List(rows))
    }

    /// What the engine looks for.
    pub(super) fn query<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Query> {
        let conditions = self
            .conditions
            .iter()
            .filter_map(|of| of.condition(evaluation).transpose());
        Ok(Query {
            order: self.order,
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// The first row, in this order.
    fn first<'e>(&'e self, order: Order, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        let mut reading = RowReading::begin(self, None, evaluation)?;
        reading.set_order(order);
        match reading.next(self, evaluation)? {
            Some((_, row)) => Ok(row),
            None => Err(self.empty()),
        }
    }

    /// What only the engine has been asked, if no filter is left to do here.
    fn aggregate<'e>(
        &'e self,
        what: Aggregate,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<Scalar<'static>>> {
        let query = self.query(evaluation)?;
        let collection = self.collection(evaluation)?;
        let reads = &evaluation.env.call.reads;
        reads.read(collection, evaluation.budget(), || {
            collection.aggregate(&query, what)
        })
    }

    /// Calls `see` with a field of each row.
    fn each_field<'e>(
        &'e self,
        field: &'e FieldReader,
        evaluation: &mut Evaluation<'_, 'e>,
        mut see: impl FnMut(Value<'e>) -> Evaluated<()>,
    ) -> Evaluated<()> {
        let mut reading = RowReading::begin(self, None, evaluation)?;
        while let Some((_, row)) = reading.next(self, evaluation)? {
            see(field_of(field, &row, evaluation)?)?;
        }
        Ok(())
    }

    #[cold]
    fn empty(&self) -> EvalError {
        let condition = format!("collection.{}.count() > 0", self.name);
        let error = EvalError::new(format!("no message of the collection {} is there", self.name));
        error.hinted(&format!("ask first, as in `{condition} ? … : …`"))
    }

    #[cold]
    fn absent(&self, key: &Value<'_>) -> EvalError {
        let error = EvalError::new(format!(
            "the collection {} has no key {}",
            self.name,
            key.to_excerpt()
        ));
        error.hinted(&format!(
            "ask first, as in `collection.{}.has(key) ? … : …`",
            self.name
        ))
    }
}

impl RowCondition {
    /// The condition with its value for this call; `None` if the engine cannot compare with it.
    fn condition<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Option<Condition>> {
        let value = match self.value.eval(evaluation)? {
            Value::Int(number) => Scalar::Int(number),
            Value::Double(number) if !number.is_nan() => Scalar::Double(number),
            Value::Float(number) if !number.is_nan() => Scalar::Double(number.into()),
            Value::String(text) => Scalar::Text(text.into_owned().into()),
            _ => return Ok(None),
        };
        Ok(Some(Condition {
            field: self.field.number,
            relation: self.relation,
            value,
        }))
    }
}

impl Question {
    pub(super) fn answer<'e>(
        &'e self,
        rows: &'e Rows,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        let is_filtered = !rows.filters.is_empty();
        match self {
            Self::Get(key) => {
                let key = key.eval(evaluation)?;
                match rows.get(&key, evaluation)? {
                    Some(bytes) => rows.row(&bytes, evaluation),
                    None => Err(rows.absent(&key)),
                }
            }
            Self::Has(key) => {
                let key = key.eval(evaluation)?;
                Ok(Value::Bool(rows.get(&key, evaluation)?.is_some()))
            }
            Self::First => rows.first(rows.order, evaluation),
            Self::Last => rows.first(reversed(rows.order), evaluation),
            Self::Count if is_filtered => {
                let mut count = 0;
                let mut reading = RowReading::begin(rows, None, evaluation)?;
                while reading.next(rows, evaluation)?.is_some() {
                    count += 1;
                }
                Ok(Value::Int(count))
            }
            Self::Count => match rows.aggregate(Aggregate::Count, evaluation)? {
                Some(count) => Ok(value_of(count)),
                None => Ok(Value::Int(0)),
            },
            Self::Sum(field) if is_filtered => {
                let mut sum = zero_of(field);
                rows.each_field(field, evaluation, |value| {
                    let added =
                        Math::Add.of_values(std::mem::replace(&mut sum, Value::Null), value.widened())?;
                    sum = added;
                    Ok(())
                })?;
                Ok(sum)
            }
            Self::Sum(field) => {
                let sum = rows.aggregate(Aggregate::Sum(field.number), evaluation)?;
                Ok(sum.map_or_else(|| zero_of(field), value_of))
            }
            Self::Average(field) if is_filtered => {
                let (mut sum, mut count) = (0.0, 0.0);
                rows.each_field(field, evaluation, |value| {
                    sum += number_of(&value);
                    count += 1.0;
                    Ok(())
                })?;
                if count == 0.0 {
                    return Err(rows.empty());
                }
                Ok(Value::Double(sum / count))
            }
            Self::Average(field) => {
                let average = rows.aggregate(Aggregate::Average(field.number), evaluation)?;
                average.map(value_of).ok_or_else(|| rows.empty())
            }
            Self::Least(field) => extreme(
                rows,
                field,
                Aggregate::Least(field.number),
                Relation::Less,
                evaluation,
            ),
            Self::Greatest(field) => {
                let greatest = Aggregate::Greatest(field.number);
                extreme(rows, field, greatest, Relation::Greater, evaluation)
            }
        }
    }
}

impl Rows {
    /// The row of a key.
    fn get(&self, key: &Value<'_>, evaluation: &Evaluation<'_, '_>) -> Evaluated<Option<Bytes>> {
        evaluation.budget().charge_reading(key)?;
        let collection = self.collection(evaluation)?;
        let Some(key) = key_of(key) else { return Ok(None) };
        let reads = &evaluation.env.call.reads;
        reads.read(collection, evaluation.budget(), || collection.get(&key))
    }
}

/// The least or the greatest value of a field.
fn extreme<'e>(
    rows: &'e Rows,
    field: &'e FieldReader,
    what: Aggregate,
    wins: Relation,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    if rows.filters.is_empty() {
        let found = rows.aggregate(what, evaluation)?;
        return found.map(value_of).ok_or_else(|| rows.empty());
    }
    let mut found: Option<Value<'e>> = None;
    rows.each_field(field, evaluation, |value| {
        let is_new = match &found {
            Some(found) => compare(&value, found).is_some_and(|order| wins.holds(order)),
            // What is no number is neither the least nor the greatest.
            None => compare(&value, &value).is_some(),
        };
        if is_new {
            found = Some(value);
        }
        Ok(())
    })?;
    found.ok_or_else(|| rows.empty())
}

/// What a collection finds a row by; `None` if it is no key.
pub(crate) fn key_of<'v>(key: &'v Value<'_>) -> Option<Scalar<'v>> {
    Some(match key {
        Value::Bool(truth) => Scalar::Bool(*truth),
        Value::Int(number) => Scalar::Int(*number),
        Value::Uint(number) => Scalar::Uint(*number),
        Value::String(text) => Scalar::Text(Cow::Borrowed(text)),
        Value::Bytes(bytes) => Scalar::Bytes(Cow::Borrowed(bytes)),
        Value::Enum(_, number) => Scalar::Int(i64::from(*number)),
        _ => return None,
    })
}

fn value_of(scalar: Scalar<'static>) -> Value<'static> {
    match scalar {
        Scalar::Bool(truth) => Value::Bool(truth),
        Scalar::Int(number) => Value::Int(number),
        Scalar::Uint(number) => Value::Uint(number),
        Scalar::Double(number) => Value::Double(number),
        Scalar::Text(text) => Value::String(text),
        Scalar::Bytes(bytes) => Value::Bytes(bytes),
    }
}

fn field_of<'e>(
    field: &'e FieldReader,
    row: &Value<'e>,
    evaluation: &Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let Value::Message(message) = row else {
        return Err(EvalError::new(format!("{} has no fields", row.type_name())));
    };
    let value = field.read(&message.bytes, evaluation.budget())?;
    Ok(value.map_or_else(|| field.default.clone(), Value::into_owned))
}

fn number_of(value: &Value<'_>) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::Double(number) => *number,
        Value::Float(number) => f64::from(*number),
        _ => 0.0,
    }
}

/// The sum of no values of a field.
fn zero_of(field: &FieldReader) -> Value<'static> {
    match field.default.clone().widened() {
        Value::Uint(_) => Value::Uint(0),
        Value::Double(_) => Value::Double(0.0),
        _ => Value::Int(0),
    }
}

fn reversed(order: Order) -> Order {
    match order {
        Order::Oldest => Order::Newest,
        Order::Newest => Order::Oldest,
    }
}
