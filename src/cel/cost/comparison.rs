//! What it costs to compare values with each other, and to look for one among others.

use crate::cel::budget::{Budget, reading_weight};
use crate::cel::values::{Evaluated, Value};

/// Takes what it costs to look for a key in a map. A list has its elements at their places.
pub(in crate::cel) fn charge_search(
    container: &Value<'_>,
    key: &Value<'_>,
    budget: &Budget,
) -> Evaluated<()> {
    match container {
        Value::Map(entries) => {
            budget.charge_reading(key)?;
            budget.charge(entries.len() as u64 / 8)
        }
        _ => Ok(()),
    }
}

/// What it costs to compare two values. It ends at the first difference, and the shorter one bounds it.
pub(in crate::cel) fn charge_comparison(
    budget: &Budget,
    left: &Value<'_>,
    right: &Value<'_>,
) -> Evaluated<()> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => budget.charge_read(left.len().min(right.len())),
        (Value::Bytes(left), Value::Bytes(right)) => budget.charge_read(left.len().min(right.len())),
        (Value::List(_), Value::List(_))
        | (Value::Map(_), Value::Map(_))
        | (Value::Message(_), Value::Message(_)) => budget.charge(
            comparing_weight(left)
                .min(comparing_weight(right))
                .saturating_mul(2),
        ),
        _ => Ok(()),
    }
}

/// What it costs to look for a value among others.
pub(in crate::cel) fn charge_containing(
    budget: &Budget,
    container: &Value<'_>,
    value: &Value<'_>,
) -> Evaluated<()> {
    let count = match container {
        Value::List(values) => values.len(),
        Value::Map(entries) => entries.len(),
        _ => 0,
    };
    // Few scalars: no more than other parts cost.
    let each = comparing_weight(value);
    if each == 1 {
        return budget.charge(count as u64 / 4);
    }
    budget.charge(each.saturating_mul(count as u64).min(comparing_weight(container)))
}

/// As the weight of what is read, but messages are decoded, unless their bytes are the same.
pub(in crate::cel) fn comparing_weight(value: &Value<'_>) -> u64 {
    match value {
        Value::Message(message) => 1 + message.bytes.len() as u64,
        Value::List(values) => 1 + values.iter().map(comparing_weight).sum::<u64>(),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| 2 + comparing_weight(key) + comparing_weight(value));
            1 + entries.sum::<u64>()
        }
        other => reading_weight(other),
    }
}
