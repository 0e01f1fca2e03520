//! The functions that `buf.validate` adds to CEL: what a text is, what a double is, whether elements are unique.

use std::collections::HashSet;

use super::function::{Code, Function, Overload, Parameter, ResultType};
use crate::cel::budget::Budget;
use crate::cel::cost::comparing_weight;
use crate::cel::formats::{
    is_email, is_host_and_port, is_hostname, is_ip, is_ip_prefix, is_uri, is_uri_reference,
};
use crate::cel::values::{Evaluated, Key, Value, equals, no_overload};

const TEXT_TO_BOOL: &[Overload] = &[Overload(&[Parameter::Text], ResultType::Is(Parameter::Bool))];
const TEXT_AND_BOOL_TO_BOOL: &[Overload] = &[Overload(
    &[Parameter::Text, Parameter::Bool],
    ResultType::Is(Parameter::Bool),
)];
const TEXT_AND_INT_TO_BOOL: &[Overload] = &[Overload(
    &[Parameter::Text, Parameter::Int],
    ResultType::Is(Parameter::Bool),
)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::member(
        "isNan",
        Code::One(is_nan),
        &[Overload(&[Parameter::Double], ResultType::Is(Parameter::Bool))],
    ),
    Function::member(
        "isInf",
        Code::One(|value| is_inf(value, Value::Int(0))),
        &[Overload(&[Parameter::Double], ResultType::Is(Parameter::Bool))],
    ),
    Function::member(
        "isInf",
        Code::Two(is_inf),
        &[Overload(
            &[Parameter::Double, Parameter::Int],
            ResultType::Is(Parameter::Bool),
        )],
    ),
    Function::member(
        "unique",
        Code::Metered(unique),
        &[Overload(&[Parameter::List], ResultType::Is(Parameter::Bool))],
    ),
    Function::member(
        "isHostname",
        Code::One(|value| of_text("isHostname", &value, is_hostname)),
        TEXT_TO_BOOL,
    ),
    Function::member(
        "isEmail",
        Code::One(|value| of_text("isEmail", &value, is_email)),
        TEXT_TO_BOOL,
    ),
    Function::member(
        "isUri",
        Code::One(|value| of_text("isUri", &value, is_uri)),
        TEXT_TO_BOOL,
    ),
    Function::member(
        "isUriRef",
        Code::One(|value| of_text("isUriRef", &value, is_uri_reference)),
        TEXT_TO_BOOL,
    ),
    Function::member("isHostAndPort", Code::Two(host_and_port), TEXT_AND_BOOL_TO_BOOL),
    Function::member("isIp", Code::One(|value| ip(value, Value::Int(0))), TEXT_TO_BOOL),
    Function::member("isIp", Code::Two(ip), TEXT_AND_INT_TO_BOOL),
    Function::member(
        "isIpPrefix",
        Code::One(|value| ip_prefix(value, Value::Int(0), Value::Bool(false))),
        TEXT_TO_BOOL,
    ),
    Function::member(
        "isIpPrefix",
        Code::Two(ip_prefix_of),
        &[
            Overload(
                &[Parameter::Text, Parameter::Int],
                ResultType::Is(Parameter::Bool),
            ),
            Overload(
                &[Parameter::Text, Parameter::Bool],
                ResultType::Is(Parameter::Bool),
            ),
        ],
    ),
    Function::member(
        "isIpPrefix",
        Code::Three(ip_prefix),
        &[Overload(
            &[Parameter::Text, Parameter::Int, Parameter::Bool],
            ResultType::Is(Parameter::Bool),
        )],
    ),
];

fn of_text<'e>(name: &str, value: &Value<'_>, holds: fn(&str) -> bool) -> Evaluated<Value<'e>> {
    match value {
        Value::String(text) => Ok(Value::Bool(holds(text))),
        other => no_overload(name, &[other]),
    }
}

fn is_nan(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value.widened() {
        Value::Double(number) => Ok(Value::Bool(number.is_nan())),
        other => no_overload("isNan", &[&other]),
    }
}

/// With a positive sign only positive infinity counts, with a negative one only negative infinity, with 0 both.
fn is_inf<'e>(value: Value<'e>, sign: Value<'e>) -> Evaluated<Value<'e>> {
    match (&value.widened(), &sign) {
        (Value::Double(number), Value::Int(sign)) => {
            let has_sign = *sign == 0 || (*sign > 0) == (*number > 0.0);
            Ok(Value::Bool(number.is_infinite() && has_sign))
        }
        (value, sign) => no_overload("isInf", &[value, sign]),
    }
}

fn host_and_port<'e>(text: Value<'e>, port_required: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &port_required) {
        (Value::String(text), Value::Bool(required)) => Ok(Value::Bool(is_host_and_port(text, *required))),
        (text, required) => no_overload("isHostAndPort", &[text, required]),
    }
}

fn ip<'e>(text: Value<'e>, version: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &version) {
        (Value::String(text), Value::Int(version)) => Ok(Value::Bool(is_ip(text, *version))),
        (text, version) => no_overload("isIp", &[text, version]),
    }
}

/// With a version, or with whether it is strict.
fn ip_prefix_of<'e>(text: Value<'e>, option: Value<'e>) -> Evaluated<Value<'e>> {
    match option {
        Value::Bool(_) => ip_prefix(text, Value::Int(0), option),
        version => ip_prefix(text, version, Value::Bool(false)),
    }
}

fn ip_prefix<'e>(text: Value<'e>, version: Value<'e>, strict: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &version, &strict) {
        (Value::String(text), Value::Int(version), Value::Bool(strict)) => {
            Ok(Value::Bool(is_ip_prefix(text, *version, *strict)))
        }
        (text, version, strict) => no_overload("isIpPrefix", &[text, version, strict]),
    }
}

/// Whether no two elements are equal.
fn unique<'e>(list: Value<'e>, budget: &Budget) -> Evaluated<Value<'e>> {
    let Value::List(values) = &list else {
        return no_overload("unique", &[&list]);
    };
    let (mut keys, mut bytes) = (HashSet::new(), HashSet::new());
    let mut others: Vec<&Value<'_>> = Vec::new();
    for value in values {
        let is_new = match value {
            Value::Bytes(value) => bytes.insert(value),
            Value::Enum(_, number) => keys.insert(Key::Number(i128::from(*number))),
            value if let Some(key) = Key::of(value) => keys.insert(key),
            value => {
                budget.charge(comparing_weight(value).saturating_mul(2 * others.len() as u64))?;
                let is_new = !others.iter().any(|other| equals(other, value));
                others.push(value);
                is_new
            }
        };
        if !is_new {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}
