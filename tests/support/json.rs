//! Compares JSON by the meaning of ProtoJSON.

use serde_json::Value;

/// Equal except for the notation of numbers: `1` is `1.0`, and `-0` is not `0`. 64-bit integers are strings in ProtoJSON, so
/// this is exact.
pub(crate) fn same_json(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().map(f64::to_bits) == other.as_f64().map(f64::to_bits)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_json(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|other| same_json(value, other)))
        }
        _ => one == other,
    }
}
