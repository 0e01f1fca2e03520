//! What expressions ask of a collection: the row of a key, how many rows there are, the sum of a field.
//!
//! What the engine can find by itself is left to it. Where a filter is more than it can do, the rows are read in batches, and
//! each of them is looked at here.

use std::borrow::Cow;

use bytes::Bytes;

use super::evaluation::Evaluation;
use super::row_reading::RowReading;
use crate::cel::fields::FieldReader;
use crate::cel::typed::{Question, RowCondition, Rows};
use crate::cel::values::{EvalError, Evaluated, Told, Value};
use crate::collection::{Aggregate, Condition, Fold, Order, Query, Scalar};

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
        reads.read(collection, collection.is_short(), evaluation.budget(), || {
            collection.aggregate(&query, what)
        })
    }

    /// What is computed of a field of the rows, by the engine or, if a filter is left to do here, of each row.
    fn computed<'e>(
        &'e self,
        what: Aggregate,
        field: &'e FieldReader,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<Value<'e>>> {
        if self.filters.is_empty() {
            return Ok(self.aggregate(what, evaluation)?.map(value_of));
        }
        let mut fold = Fold::new(what, scalar_of(&field.default).as_ref());
        let mut reading = RowReading::begin(self, None, evaluation)?;
        while let Some((_, row)) = reading.next(self, evaluation)? {
            if let Some(value) = scalar_of(&field_of(field, &row, evaluation)?) {
                fold.add(value);
            }
        }
        let collection = self.collection(evaluation)?;
        let reads = &evaluation.env.call.reads;
        let folded = reads.read(collection, true, evaluation.budget(), || collection.folded(fold))?;
        Ok(folded.map(value_of))
    }

    /// The same of what has no value if there are no rows.
    fn computed_of_some<'e>(
        &'e self,
        what: Aggregate,
        field: &'e FieldReader,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        let computed = self.computed(what, field, evaluation)?;
        computed.ok_or_else(|| self.empty())
    }

    #[cold]
    fn empty(&self) -> EvalError {
        let condition = format!("collection.{}.count() > 0", self.name);
        let error = EvalError::without_values(format!("no message of the collection {} is there", self.name));
        error.hinted(&format!("ask first, as in `{condition} ? … : …`"))
    }

    #[cold]
    fn absent(&self, key: &Value<'_>) -> EvalError {
        let text = |key: &str| format!("the collection {} has no {key}", self.name);
        let whole = text(&format!("key {}", key.to_excerpt()));
        let error = EvalError::new(Told::quoting(whole, text("such key")));
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
                    // Not copied again, if nobody else has it.
                    Some(bytes) => rows.row(bytes.into(), evaluation),
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
            Self::Count
                if rows.conditions.is_empty()
                    && let Some(count) = rows.collection(evaluation)?.counted() =>
            {
                Ok(Value::Int(count.cast_signed()))
            }
            Self::Count => match rows.aggregate(Aggregate::Count, evaluation)? {
                Some(count) => Ok(value_of(count)),
                None => Ok(Value::Int(0)),
            },
            Self::Sum(field) => {
                let sum = rows.computed(Aggregate::Sum(field.number), field, evaluation)?;
                Ok(sum.unwrap_or_else(|| zero_of(field)))
            }
            Self::Average(field) => {
                rows.computed_of_some(Aggregate::Average(field.number), field, evaluation)
            }
            Self::Least(field) => rows.computed_of_some(Aggregate::Least(field.number), field, evaluation),
            Self::Greatest(field) => {
                rows.computed_of_some(Aggregate::Greatest(field.number), field, evaluation)
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
        let at_once = collection.is_at_hand();
        reads.read(collection, at_once, evaluation.budget(), || collection.get(&key))
    }
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

/// What is computed with.
fn scalar_of<'v>(value: &'v Value<'_>) -> Option<Scalar<'v>> {
    match value {
        Value::Double(number) => Some(Scalar::Double(*number)),
        Value::Float(number) => Some(Scalar::Double(f64::from(*number))),
        value => key_of(value),
    }
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
        return Err(EvalError::without_values(format!(
            "{} has no fields",
            row.type_name()
        )));
    };
    let value = field.read(&message.bytes, evaluation.budget())?;
    Ok(value.map_or_else(|| field.default.clone(), Value::into_owned))
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
