//! The math extension.

use std::cmp::Ordering;

use super::function::{Code, Function, Overload, Parameter, ResultType};
use crate::cel::values::{EvalError, Evaluated, Value, compare, no_overload};

const DOUBLE: &[Overload] = &[Overload(&[Parameter::Double], ResultType::Is(Parameter::Double))];
const DOUBLE_TO_BOOL: &[Overload] = &[Overload(&[Parameter::Double], ResultType::Is(Parameter::Bool))];
const NUMBER: &[Overload] = &[
    Overload(&[Parameter::Int], ResultType::First),
    Overload(&[Parameter::Uint], ResultType::First),
    Overload(&[Parameter::Double], ResultType::First),
];
const INTEGER: &[Overload] = &[
    Overload(&[Parameter::Int], ResultType::First),
    Overload(&[Parameter::Uint], ResultType::First),
];
const INTEGERS: &[Overload] = &[
    Overload(&[Parameter::Int, Parameter::Int], ResultType::First),
    Overload(&[Parameter::Uint, Parameter::Uint], ResultType::First),
];
const SHIFTS: &[Overload] = &[
    Overload(&[Parameter::Int, Parameter::Int], ResultType::First),
    Overload(&[Parameter::Uint, Parameter::Int], ResultType::First),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::global("math.greatest", Code::Many(greatest), EXTREME),
    Function::global("math.least", Code::Many(least), EXTREME),
    Function::global(
        "math.ceil",
        Code::One(|x| with_double("math.ceil", x, f64::ceil)),
        DOUBLE,
    ),
    Function::global(
        "math.floor",
        Code::One(|x| with_double("math.floor", x, f64::floor)),
        DOUBLE,
    ),
    Function::global(
        "math.round",
        Code::One(|x| with_double("math.round", x, f64::round)),
        DOUBLE,
    ),
    Function::global(
        "math.trunc",
        Code::One(|x| with_double("math.trunc", x, f64::trunc)),
        DOUBLE,
    ),
    Function::global(
        "math.isNaN",
        Code::One(|x| test_double("math.isNaN", x, f64::is_nan)),
        DOUBLE_TO_BOOL,
    ),
    Function::global(
        "math.isInf",
        Code::One(|x| test_double("math.isInf", x, f64::is_infinite)),
        DOUBLE_TO_BOOL,
    ),
    Function::global(
        "math.isFinite",
        Code::One(|x| test_double("math.isFinite", x, f64::is_finite)),
        DOUBLE_TO_BOOL,
    ),
    Function::global("math.abs", Code::One(abs), NUMBER),
    Function::global("math.sign", Code::One(sign), NUMBER),
    Function::global(
        "math.sqrt",
        Code::One(sqrt),
        &[
            Overload(&[Parameter::Double], ResultType::Is(Parameter::Double)),
            Overload(&[Parameter::Int], ResultType::Is(Parameter::Double)),
            Overload(&[Parameter::Uint], ResultType::Is(Parameter::Double)),
        ],
    ),
    Function::global(
        "math.bitAnd",
        Code::Two(|a, b| bits("math.bitAnd", &a, &b, |a, b| a & b)),
        INTEGERS,
    ),
    Function::global(
        "math.bitOr",
        Code::Two(|a, b| bits("math.bitOr", &a, &b, |a, b| a | b)),
        INTEGERS,
    ),
    Function::global(
        "math.bitXor",
        Code::Two(|a, b| bits("math.bitXor", &a, &b, |a, b| a ^ b)),
        INTEGERS,
    ),
    Function::global("math.bitNot", Code::One(bit_not), INTEGER),
    Function::global(
        "math.bitShiftLeft",
        Code::Two(|a, b| shift("math.bitShiftLeft", &a, &b, u64::checked_shl)),
        SHIFTS,
    ),
    Function::global(
        "math.bitShiftRight",
        Code::Two(|a, b| shift("math.bitShiftRight", &a, &b, u64::checked_shr)),
        SHIFTS,
    ),
];

/// One list, or numbers one by one, of mixed types too.
const EXTREME: &[Overload] = &[
    Overload(&[Parameter::List], ResultType::Element),
    Overload(&[Parameter::Int], ResultType::First),
    Overload(&[Parameter::Uint], ResultType::First),
    Overload(&[Parameter::Double], ResultType::First),
    Overload(&[Parameter::Number], ResultType::Is(Parameter::Any)),
];

fn greatest(values: Vec<Value<'_>>) -> Evaluated<Value<'_>> {
    extreme("math.greatest", values, Ordering::Greater)
}

fn least(values: Vec<Value<'_>>) -> Evaluated<Value<'_>> {
    extreme("math.least", values, Ordering::Less)
}

/// The first of the greatest or least numbers, in its own type.
fn extreme<'e>(name: &str, mut values: Vec<Value<'e>>, wanted: Ordering) -> Evaluated<Value<'e>> {
    if let [Value::List(_)] = values.as_slice()
        && let Some(Value::List(elements)) = values.pop()
    {
        values = elements;
    }
    let is_number = |value: &Value<'_>| {
        matches!(
            value,
            Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Float(_)
        )
    };
    if let Some(other) = values.iter().find(|value| !is_number(value)) {
        return no_overload(name, &[other]);
    }
    let better = |best: Value<'e>, next: Value<'e>| {
        if compare(&next, &best) == Some(wanted) {
            next
        } else {
            best
        }
    };
    values
        .into_iter()
        .reduce(better)
        .ok_or_else(|| EvalError::without_values(format!("{name}: the list is empty")))
}

fn with_double<'e>(name: &str, value: Value<'e>, code: impl FnOnce(f64) -> f64) -> Evaluated<Value<'e>> {
    match value.widened() {
        Value::Double(number) => Ok(Value::Double(code(number))),
        other => no_overload(name, &[&other]),
    }
}

fn test_double<'e>(name: &str, value: Value<'e>, code: impl FnOnce(f64) -> bool) -> Evaluated<Value<'e>> {
    match value.widened() {
        Value::Double(number) => Ok(Value::Bool(code(number))),
        other => no_overload(name, &[&other]),
    }
}

fn abs(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value {
        Value::Int(number) => number
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| EvalError::new("math.abs: integer overflow")),
        Value::Uint(number) => Ok(Value::Uint(number)),
        Value::Double(number) => Ok(Value::Double(number.abs())),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => no_overload("math.abs", &[&other]),
    }
}

/// -1, 0 or 1; NaN for NaN, and no sign on a zero.
fn sign(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value.widened() {
        Value::Int(number) => Ok(Value::Int(number.signum())),
        Value::Uint(number) => Ok(Value::Uint(number.min(1))),
        Value::Double(0.0) => Ok(Value::Double(0.0)),
        Value::Double(number) if number.is_nan() => Ok(Value::Double(number)),
        Value::Double(number) => Ok(Value::Double(number.signum())),
        other => no_overload("math.sign", &[&other]),
    }
}

fn sqrt(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value.widened() {
        Value::Int(number) => Ok(Value::Double((number as f64).sqrt())),
        Value::Uint(number) => Ok(Value::Double((number as f64).sqrt())),
        other => with_double("math.sqrt", other, f64::sqrt),
    }
}

fn bits<'e>(name: &str, a: &Value<'e>, b: &Value<'e>, code: fn(u64, u64) -> u64) -> Evaluated<Value<'e>> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Value::Int(
            code(a.cast_unsigned(), b.cast_unsigned()).cast_signed(),
        )),
        (Value::Uint(a), Value::Uint(b)) => Ok(Value::Uint(code(*a, *b))),
        (a, b) => no_overload(name, &[a, b]),
    }
}

fn bit_not(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value {
        Value::Int(number) => Ok(Value::Int(!number)),
        Value::Uint(number) => Ok(Value::Uint(!number)),
        other => no_overload("math.bitNot", &[&other]),
    }
}

/// Shifts zeros in on both sides: the sign is a bit like the others. 64 and more shift all bits out.
fn shift<'e>(
    name: &str,
    value: &Value<'e>,
    by: &Value<'e>,
    code: fn(u64, u32) -> Option<u64>,
) -> Evaluated<Value<'e>> {
    let by_bits = |bits: u64, by: i64| match u32::try_from(by) {
        Ok(by) => Ok(code(bits, by).unwrap_or(0)),
        Err(_) if by > 0 => Ok(0),
        Err(_) => Err(EvalError::new(format!("{name}: negative offset: {by}"))),
    };
    match (value, by) {
        (Value::Int(number), Value::Int(by)) => {
            Ok(Value::Int(by_bits(number.cast_unsigned(), *by)?.cast_signed()))
        }
        (Value::Uint(number), Value::Int(by)) => Ok(Value::Uint(by_bits(*number, *by)?)),
        (value, by) => no_overload(name, &[value, by]),
    }
}
