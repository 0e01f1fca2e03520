//! Conversions between types, the type of a value, and `size`.

use std::borrow::Cow;

use super::function::{Code, Function, Overload, Parameter, ResultType, Style};
use crate::cel::values::{
    EvalError, Evaluated, Value, duration_of, in_duration_range, in_timestamp_range, no_overload,
    parse_rfc3339, write_double, write_duration, write_enum, write_float, write_timestamp,
};
use crate::duration::parse_nanoseconds;
use crate::excerpt::excerpt;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "size",
        style: Style::Both,
        code: Code::One(size),
        overloads: &[
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Bytes], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::List], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Map], ResultType::Is(Parameter::Int)),
        ],
    },
    Function {
        name: "int",
        style: Style::Global,
        code: Code::One(int),
        overloads: &[
            Overload(&[Parameter::Int], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Uint], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Double], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Enum], ResultType::Is(Parameter::Int)),
            Overload(&[Parameter::Timestamp], ResultType::Is(Parameter::Int)),
        ],
    },
    Function {
        name: "uint",
        style: Style::Global,
        code: Code::One(uint),
        overloads: &[
            Overload(&[Parameter::Uint], ResultType::Is(Parameter::Uint)),
            Overload(&[Parameter::Int], ResultType::Is(Parameter::Uint)),
            Overload(&[Parameter::Double], ResultType::Is(Parameter::Uint)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Uint)),
        ],
    },
    Function {
        name: "double",
        style: Style::Global,
        code: Code::One(double),
        overloads: &[
            Overload(&[Parameter::Double], ResultType::Is(Parameter::Double)),
            Overload(&[Parameter::Int], ResultType::Is(Parameter::Double)),
            Overload(&[Parameter::Uint], ResultType::Is(Parameter::Double)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Double)),
        ],
    },
    Function {
        name: "bool",
        style: Style::Global,
        code: Code::One(bool_of),
        overloads: &[
            Overload(&[Parameter::Bool], ResultType::Is(Parameter::Bool)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Bool)),
        ],
    },
    Function {
        name: "string",
        style: Style::Global,
        code: Code::One(string),
        overloads: &[
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Int], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Uint], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Double], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Bool], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Bytes], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Enum], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Timestamp], ResultType::Is(Parameter::Text)),
            Overload(&[Parameter::Duration], ResultType::Is(Parameter::Text)),
        ],
    },
    Function {
        name: "bytes",
        style: Style::Global,
        code: Code::One(bytes),
        overloads: &[
            Overload(&[Parameter::Bytes], ResultType::Is(Parameter::Bytes)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Bytes)),
        ],
    },
    Function {
        name: "timestamp",
        style: Style::Global,
        code: Code::One(timestamp),
        overloads: &[
            Overload(&[Parameter::Timestamp], ResultType::Is(Parameter::Timestamp)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Timestamp)),
            Overload(&[Parameter::Int], ResultType::Is(Parameter::Timestamp)),
        ],
    },
    Function {
        name: "duration",
        style: Style::Global,
        code: Code::One(duration),
        overloads: &[
            Overload(&[Parameter::Duration], ResultType::Is(Parameter::Duration)),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Duration)),
        ],
    },
    Function {
        name: "dyn",
        style: Style::Global,
        code: Code::One(|value| Ok(value)),
        overloads: &[Overload(&[Parameter::Any], ResultType::Is(Parameter::Any))],
    },
    Function {
        name: "type",
        style: Style::Global,
        code: Code::One(|value| Ok(value.cel_type())),
        overloads: &[Overload(&[Parameter::Any], ResultType::Is(Parameter::Type))],
    },
];

/// Code points of a string, bytes, elements of a list, entries of a map.
pub(in crate::cel) fn size(value: Value<'_>) -> Evaluated<Value<'_>> {
    let size = match &value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => values.len(),
        Value::Map(entries) => entries.len(),
        other => return no_overload("size", &[other]),
    };
    Ok(Value::Int(size as i64))
}

fn int(value: Value<'_>) -> Evaluated<Value<'_>> {
    let value = value.widened();
    let number = match &value {
        Value::Int(number) => Some(*number),
        Value::Enum(_, number) => Some(i64::from(*number)),
        Value::Uint(number) => i64::try_from(*number).ok(),
        // Both ends are excluded, as in cel-go: neither is a whole number of the other type.
        Value::Double(number) if *number > i64::MIN as f64 && *number < i64::MAX as f64 => {
            Some(*number as i64)
        }
        Value::Double(_) => None,
        Value::Timestamp { seconds, .. } => Some(*seconds),
        Value::String(text) => return text.parse().map(Value::Int).map_err(|_| not_a("an int", text)),
        other => return no_overload("int", &[other]),
    };
    number.map(Value::Int).ok_or_else(|| out_of_range("int", &value))
}

fn uint(value: Value<'_>) -> Evaluated<Value<'_>> {
    let value = value.widened();
    let number = match &value {
        Value::Uint(number) => Some(*number),
        Value::Int(number) => u64::try_from(*number).ok(),
        Value::Double(number) if *number >= 0.0 && *number < u64::MAX as f64 => Some(*number as u64),
        Value::Double(_) => None,
        Value::String(text) => return text.parse().map(Value::Uint).map_err(|_| not_a("a uint", text)),
        other => return no_overload("uint", &[other]),
    };
    number
        .map(Value::Uint)
        .ok_or_else(|| out_of_range("uint", &value))
}

fn double(value: Value<'_>) -> Evaluated<Value<'_>> {
    match &value.widened() {
        Value::Double(number) => Ok(Value::Double(*number)),
        Value::Int(number) => Ok(Value::Double(*number as f64)),
        Value::Uint(number) => Ok(Value::Double(*number as f64)),
        Value::String(text) => text
            .parse()
            .map(Value::Double)
            .map_err(|_| not_a("a double", text)),
        other => no_overload("double", &[other]),
    }
}

/// Takes the texts of Go's `strconv.ParseBool`, as the specification does.
fn bool_of(value: Value<'_>) -> Evaluated<Value<'_>> {
    match &value {
        Value::Bool(value) => Ok(Value::Bool(*value)),
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            other => Err(not_a("a bool", other)),
        },
        other => no_overload("bool", &[other]),
    }
}

fn string(value: Value<'_>) -> Evaluated<Value<'_>> {
    text_of(value).map(Value::String)
}

/// The text that `string()` gives.
pub(in crate::cel) fn text_of(value: Value<'_>) -> Evaluated<Cow<'_, str>> {
    let mut text = String::new();
    match value {
        Value::String(text) => return Ok(text),
        Value::Bytes(bytes) => {
            let invalid = || EvalError::new("string: the bytes are not UTF-8");
            return match bytes {
                Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| invalid()),
                Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| invalid()),
            };
        }
        Value::Int(_) | Value::Uint(_) | Value::Bool(_) => value.write_json(&mut text),
        Value::Double(number) => write_double(number, &mut text),
        Value::Float(number) => write_float(number, &mut text),
        Value::Enum(descriptor, number) => write_enum(&descriptor, number, &mut text),
        Value::Timestamp { seconds, nanos } => write_timestamp(seconds, nanos, &mut text),
        Value::Duration { seconds, nanos } => write_duration(seconds, nanos, &mut text),
        other => return Err(no_overload("string", &[&other]).expect_err("it is an error")),
    }
    Ok(Cow::Owned(text))
}

fn bytes(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value {
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes)),
        Value::String(Cow::Borrowed(text)) => Ok(Value::Bytes(Cow::Borrowed(text.as_bytes()))),
        Value::String(Cow::Owned(text)) => Ok(Value::Bytes(Cow::Owned(text.into_bytes()))),
        other => no_overload("bytes", &[&other]),
    }
}

fn timestamp(value: Value<'_>) -> Evaluated<Value<'_>> {
    match &value {
        Value::Timestamp { .. } => Ok(value),
        Value::Int(seconds) if in_timestamp_range(*seconds) => Ok(Value::Timestamp {
            seconds: *seconds,
            nanos: 0,
        }),
        Value::Int(_) => Err(out_of_range("timestamp", &value)),
        Value::String(text) => parse_timestamp(text),
        other => no_overload("timestamp", &[other]),
    }
}

/// Reads RFC 3339, from the year 1 to 9999.
fn parse_timestamp<'e>(text: &str) -> Evaluated<Value<'e>> {
    let (seconds, nanos) = parse_rfc3339(text).ok_or_else(|| not_a("a timestamp", text))?;
    if !in_timestamp_range(seconds) {
        return Err(EvalError::of_value(&excerpt(text), "is out of range").in_function("timestamp"));
    }
    Ok(Value::Timestamp { seconds, nanos })
}

fn duration(value: Value<'_>) -> Evaluated<Value<'_>> {
    match &value {
        Value::Duration { .. } => Ok(value),
        Value::String(text) => parse_duration(text),
        other => no_overload("duration", &[other]),
    }
}

fn parse_duration<'e>(text: &str) -> Evaluated<Value<'e>> {
    let nanos = parse_nanoseconds(text).ok_or_else(|| not_a("a duration", text))?;
    if !in_duration_range(nanos) {
        return Err(EvalError::of_value(&excerpt(text), "is out of range").in_function("duration"));
    }
    Ok(duration_of(nanos))
}

fn not_a(what: &str, text: &str) -> EvalError {
    EvalError::of_value(&format!("{:?}", excerpt(text)), &format!("is not {what}"))
}

fn out_of_range(name: &str, value: &Value<'_>) -> EvalError {
    EvalError::of_value(&value.to_excerpt(), "is out of range").in_function(name)
}
