//! The encoders extension (`base64`), and our own `repeat` and `json`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::function::{Code, Function, Overload, Parameter, ResultType, Style, bounded};
use crate::cel::values::{EvalError, Evaluated, Value, no_overload};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "base64.encode",
        style: Style::Global,
        code: Code::One(base64_encode),
        overloads: &[Overload(&[Parameter::Bytes], ResultType::Is(Parameter::Text))],
    },
    Function {
        name: "base64.decode",
        style: Style::Global,
        code: Code::One(base64_decode),
        overloads: &[Overload(&[Parameter::Text], ResultType::Is(Parameter::Bytes))],
    },
    Function {
        name: "repeat",
        style: Style::Global,
        code: Code::Two(repeat),
        overloads: &[
            Overload(
                &[Parameter::Text, Parameter::Int],
                ResultType::Is(Parameter::Text),
            ),
            Overload(
                &[Parameter::Bytes, Parameter::Int],
                ResultType::Is(Parameter::Bytes),
            ),
        ],
    },
    Function {
        name: "json",
        style: Style::Global,
        code: Code::One(json),
        overloads: &[Overload(&[Parameter::Any], ResultType::Is(Parameter::Text))],
    },
];

/// Padding may be left out, as cel-go has it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn base64_encode(value: Value<'_>) -> Evaluated<Value<'_>> {
    match &value {
        Value::Bytes(bytes) => Ok(Value::text(BASE64.encode(bytes))),
        other => no_overload("base64.encode", &[other]),
    }
}

fn base64_decode(value: Value<'_>) -> Evaluated<Value<'_>> {
    match &value {
        Value::String(text) => BASE64
            .decode(text.as_bytes())
            .map(|bytes| Value::Bytes(Cow::Owned(bytes)))
            .map_err(|error| EvalError::new(format!("base64.decode: {error}"))),
        other => no_overload("base64.decode", &[other]),
    }
}

fn repeat<'e>(value: Value<'e>, count: Value<'e>) -> Evaluated<Value<'e>> {
    let times = |length: usize, count: i64| {
        let count = usize::try_from(count)
            .map_err(|_| EvalError::new(format!("repeat: the count is negative: {count}")))?;
        bounded("repeat", length.checked_mul(count)).map(|_| count)
    };
    match (&value, &count) {
        (Value::String(text), Value::Int(count)) => Ok(Value::text(text.repeat(times(text.len(), *count)?))),
        (Value::Bytes(bytes), Value::Int(count)) => Ok(Value::Bytes(Cow::Owned(
            bytes.repeat(times(bytes.len(), *count)?),
        ))),
        (value, count) => no_overload("repeat", &[value, count]),
    }
}

/// The compiler makes a part of its own of it, which can charge for what the message holds.
fn json(value: Value<'_>) -> Evaluated<Value<'_>> {
    no_overload("json", &[&value])
}

/// ProtoJSON for a message, JSON for another value.
pub(in crate::cel) fn json_text(value: &Value<'_>) -> Evaluated<String> {
    if let Value::Message(message) = value {
        let json = message.to_message().to_json();
        return json.map_err(|error| EvalError::new(format!("json: {error}")));
    }
    let mut text = String::new();
    value.write_json(&mut text);
    Ok(text)
}
