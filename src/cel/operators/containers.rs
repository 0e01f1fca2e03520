//! `container[key]` and `value in container`.

use crate::cel::values::{EvalError, Evaluated, Told, Value, equals, find, no_overload};

/// An element of a list or the value of a map's key.
pub(in crate::cel) fn index<'v, 'e>(container: &'v Value<'e>, key: &Value<'_>) -> Evaluated<&'v Value<'e>> {
    match container {
        Value::List(values) => {
            let place = match key {
                Value::Int(place) => usize::try_from(*place).ok(),
                Value::Uint(place) => usize::try_from(*place).ok(),
                Value::Double(place) if place.fract() == 0.0 && *place >= 0.0 => Some(*place as usize),
                Value::Float(place) if place.fract() == 0.0 && *place >= 0.0 => Some(*place as usize),
                Value::Double(_) | Value::Float(_) => None,
                other => return Err(no_overload("[]", &[container, other]).expect_err("it is an error")),
            };
            place.and_then(|place| values.get(place)).ok_or_else(|| {
                let text = |place: &str| format!("index out of range: {place} in a list of {}", values.len());
                EvalError::new(Told::quoting(text(&key.to_excerpt()), text("a value")))
            })
        }
        Value::Map(entries) => find(entries, key).ok_or_else(|| EvalError::no_such_key(&key.to_excerpt())),
        other => Err(no_overload("[]", &[other, key]).expect_err("it is an error")),
    }
}

/// Whether a list has an equal element, or a map the key.
pub(in crate::cel) fn contains(container: &Value<'_>, value: &Value<'_>) -> Evaluated<bool> {
    match container {
        Value::List(values) => Ok(values.iter().any(|element| equals(element, value))),
        Value::Map(entries) => Ok(find(entries, value).is_some()),
        other => no_overload("in", &[value, other]).map(|_: Value<'_>| false),
    }
}
