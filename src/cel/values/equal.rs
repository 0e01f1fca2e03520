//! Equality and order of values, as CEL has them: numbers compare across their types, enums also by name.

use std::cmp::Ordering;
use std::collections::HashMap;

use prost_reflect::{DynamicMessage, EnumDescriptor, ReflectMessage as _, Value as Decoded};

use super::value::{MessageValue, Value};
use crate::schema::WellKnown;

/// Whether two values are equal; values of types that have nothing in common are not.
pub(in crate::cel) fn equals(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) | (Value::Type(a), Value::Type(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Enum(descriptor, number), Value::String(name))
        | (Value::String(name), Value::Enum(descriptor, number)) => {
            enum_number(descriptor, name) == Some(*number)
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals(a, b)),
        (Value::Map(a), Value::Map(b)) => maps_equal(a, b),
        (Value::Message(a), Value::Message(b)) => messages_equal(a, b),
        _ => compare(left, right) == Some(Ordering::Equal),
    }
}

/// The order of two values, or `None` if they have none: types that do not compare, or a NaN.
pub(in crate::cel) fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    use Value::{Double, Duration, Int, Timestamp, Uint};
    match (left, right) {
        (Value::Float(a), b) => compare(&Double(f64::from(*a)), b),
        (a, Value::Float(b)) => compare(a, &Double(f64::from(*b))),
        (Value::Enum(_, a), b) => compare(&Int(i64::from(*a)), b),
        (a, Value::Enum(_, b)) => compare(a, &Int(i64::from(*b))),
        (Int(a), Int(b)) => Some(a.cmp(b)),
        (Uint(a), Uint(b)) => Some(a.cmp(b)),
        (Int(a), Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Uint(a), Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Double(a), Double(b)) => a.partial_cmp(b),
        // Integers become doubles, as in cel-go: beyond 2^53 they lose their last digits.
        (Double(a), Int(b)) => a.partial_cmp(&(*b as f64)),
        (Int(a), Double(b)) => (*a as f64).partial_cmp(b),
        (Double(a), Uint(b)) => a.partial_cmp(&(*b as f64)),
        (Uint(a), Double(b)) => (*a as f64).partial_cmp(b),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Duration { seconds, nanos }, Duration { seconds: s, nanos: n })
        | (Timestamp { seconds, nanos }, Timestamp { seconds: s, nanos: n }) => {
            Some((seconds, nanos).cmp(&(s, n)))
        }
        _ => None,
    }
}

/// The order of the keys of a map: `false` and `true`, numbers, texts, and then what can be a key only by accident. Every
/// two keys have an order, so that it can be sorted by.
pub(in crate::cel) fn key_order(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    /// The kind, the whole part of a number, and the rest of it.
    fn place(key: &Value<'_>) -> (u8, i128, f64) {
        match key {
            Value::Bool(_) => (0, 0, 0.0),
            Value::Int(number) => (1, (*number).into(), 0.0),
            Value::Uint(number) => (1, (*number).into(), 0.0),
            Value::Enum(_, number) => (1, (*number).into(), 0.0),
            Value::Float(number) => place(&Value::Double((*number).into())),
            Value::Double(number) if number.is_nan() => (3, 0, 0.0),
            Value::Double(number) => (1, number.floor() as i128, number - number.floor()),
            Value::String(_) => (2, 0, 0.0),
            Value::Bytes(_) => (4, 0, 0.0),
            Value::Duration { .. } => (5, 0, 0.0),
            Value::Timestamp { .. } => (6, 0, 0.0),
            Value::Null | Value::Message(_) | Value::List(_) | Value::Map(_) | Value::Type(_) => (7, 0, 0.0),
        }
    }
    let ((kind, whole, rest), (other_kind, other_whole, other_rest)) = (place(left), place(right));
    let by_place = (kind, whole)
        .cmp(&(other_kind, other_whole))
        .then(rest.total_cmp(&other_rest));
    if kind == 1 {
        by_place
    } else {
        by_place.then_with(|| compare(left, right).unwrap_or(Ordering::Equal))
    }
}

/// Whether the values have an order, though `compare` may find none for a NaN.
pub(in crate::cel) fn are_numbers(left: &Value<'_>, right: &Value<'_>) -> bool {
    let is_number = |value: &Value<'_>| {
        matches!(
            value,
            Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Float(_) | Value::Enum(..)
        )
    };
    is_number(left) && is_number(right)
}

/// The value of a map's entry.
pub(in crate::cel) fn find<'m, 'e>(
    entries: &'m [(Value<'e>, Value<'e>)],
    key: &Value<'_>,
) -> Option<&'m Value<'e>> {
    entries
        .iter()
        .find(|(other, _)| equals(other, key))
        .map(|(_, value)| value)
}

/// The number of an enum value by its name.
pub(in crate::cel) fn enum_number(descriptor: &EnumDescriptor, name: &str) -> Option<i32> {
    descriptor.get_value_by_name(name).map(|value| value.number())
}

fn maps_equal(left: &[(Value<'_>, Value<'_>)], right: &[(Value<'_>, Value<'_>)]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let index: HashMap<Key, &Value<'_>> = right
        .iter()
        .filter_map(|(key, value)| Some((Key::of(key)?, value)))
        .collect();
    left.iter().all(|(key, value)| {
        let other = Key::of(key).and_then(|key| index.get(&key).copied());
        other.is_some_and(|other| equals(value, other))
    })
}

fn messages_equal(left: &MessageValue<'_>, right: &MessageValue<'_>) -> bool {
    if left.descriptor.full_name() != right.descriptor.full_name() {
        return false;
    }
    if left.bytes == right.bytes && !may_hold_nan(&left.bytes) {
        return true;
    }
    // Fields may come in any order, and defaults may or may not be written.
    match (left.to_message().to_dynamic(), right.to_message().to_dynamic()) {
        (Ok(left), Ok(right)) => decoded_equal(&left, &right, MAX_ANYS),
        _ => false,
    }
}

/// Whether a NaN may be in a message, which differs from itself. The last byte of each has all bits but the sign.
fn may_hold_nan(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| byte | 0x80 == 0xff)
}

/// How many Anys within each other are compared by what they hold, and how many bytes of each. Those that are deeper or
/// larger are compared by their bytes.
const MAX_ANYS: usize = 4;
const MAX_UNPACKED: usize = 64 << 10;

fn decoded_equal(left: &DynamicMessage, right: &DynamicMessage, anys: usize) -> bool {
    let descriptor = left.descriptor();
    if anys > 0
        && WellKnown::of(&descriptor) == Some(WellKnown::Any)
        && let (Some(left), Some(right)) = (unpacked(left), unpacked(right))
    {
        return left.descriptor() == right.descriptor() && decoded_equal(&left, &right, anys - 1);
    }
    let same = |left: &Decoded, right: &Decoded| decoded_values_equal(left, right, anys);
    // What is unset in both is equal. Its default may have such a field of its own.
    let fields_equal = descriptor.fields().all(|field| {
        let is_set = left.has_field(&field);
        is_set == right.has_field(&field)
            && (!is_set || same(&left.get_field(&field), &right.get_field(&field)))
    });
    let extensions_equal = descriptor.extensions().all(|extension| {
        let is_set = left.has_extension(&extension);
        is_set == right.has_extension(&extension)
            && (!is_set || same(&left.get_extension(&extension), &right.get_extension(&extension)))
    });
    fields_equal && extensions_equal && left.unknown_fields().eq(right.unknown_fields())
}

fn decoded_values_equal(left: &Decoded, right: &Decoded, anys: usize) -> bool {
    match (left, right) {
        (Decoded::Message(left), Decoded::Message(right)) => decoded_equal(left, right, anys),
        (Decoded::List(left), Decoded::List(right)) => {
            let mut pairs = left.iter().zip(right);
            left.len() == right.len() && pairs.all(|(left, right)| decoded_values_equal(left, right, anys))
        }
        (Decoded::Map(left), Decoded::Map(right)) => {
            let same = |(key, left)| {
                right
                    .get(key)
                    .is_some_and(|right| decoded_values_equal(left, right, anys))
            };
            left.len() == right.len() && left.iter().all(same)
        }
        (left, right) => left == right,
    }
}

/// What an Any holds, if its type is known.
fn unpacked(any: &DynamicMessage) -> Option<DynamicMessage> {
    let url = any.get_field_by_name("type_url")?;
    let name = url.as_str()?.rsplit('/').next()?;
    let packed = any.descriptor().parent_pool().get_message_by_name(name)?;
    let value = any.get_field_by_name("value")?;
    let bytes = value.as_bytes().filter(|bytes| bytes.len() <= MAX_UNPACKED)?;
    DynamicMessage::decode(packed, bytes.clone()).ok()
}

/// A scalar for a hash table: equal values have equal keys, whatever their numeric types.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Bool(bool),
    Number(i128),
    /// A double that no integer equals.
    Double(u64),
    Text(String),
}

impl Key {
    /// The key of a bool, a number or a string.
    pub(in crate::cel) fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Int(value) => Some(Self::Number(i128::from(*value))),
            Value::Uint(value) => Some(Self::Number(i128::from(*value))),
            Value::Double(value) if value.fract() == 0.0 => Some(Self::Number(*value as i128)),
            // A NaN equals nothing.
            Value::Double(value) if !value.is_nan() => Some(Self::Double(value.to_bits())),
            Value::Float(value) => Self::of(&Value::Double(f64::from(*value))),
            Value::String(value) => Some(Self::Text(value.to_string())),
            _ => None,
        }
    }
}
