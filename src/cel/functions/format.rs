//! `string.format(list)`: clauses `%[.precision]conversion`, each with the next argument; `%%` is a percent sign.

use std::fmt::{Display, Write as _};

use itoa::Buffer;

use super::convert::text_of;
use crate::cel::values::{EvalError, Evaluated, Value, no_overload, write_double, write_duration};

/// The digits of `%f` and `%e` where the clause does not say.
pub(in crate::cel) const DEFAULT_PRECISION: usize = 6;
/// cel-go's own limit: every digit is written out.
pub(in crate::cel) const MAX_PRECISION: usize = 100;

pub(super) fn format<'e>(pattern: Value<'e>, arguments: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::String(pattern), Value::List(arguments)) = (&pattern, &arguments) else {
        return no_overload("format", &[&pattern, &arguments]);
    };
    // Room for most texts: one that grows piece by piece is copied each time.
    let mut text = String::with_capacity(pattern.len() + 16 * arguments.len());
    let mut arguments = arguments.iter();
    let mut rest = &**pattern;
    while let Some(percent) = rest.find('%') {
        text.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (precision, after) = precision(rest)?;
        let mut clause = after.chars();
        let conversion = clause
            .next()
            .ok_or_else(|| EvalError::new("format: the text ends in a clause"))?;
        let argument = arguments
            .next()
            .ok_or_else(|| EvalError::new("format: more clauses than arguments"))?;
        write_clause(conversion, precision, argument, &mut text)?;
        rest = clause.as_str();
    }
    text.push_str(rest);
    Ok(Value::text(text))
}

/// The precision that a clause begins with, and the rest of it.
fn precision(clause: &str) -> Evaluated<(usize, &str)> {
    let Some(digits) = clause.strip_prefix('.') else {
        return Ok((DEFAULT_PRECISION, clause));
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..end].parse() {
        Ok(precision) if precision <= MAX_PRECISION => Ok((precision, &digits[end..])),
        _ => Err(EvalError::without_values(format!(
            "format: the precision is not a number up to {MAX_PRECISION}"
        ))),
    }
}

fn write_clause(
    conversion: char,
    precision: usize,
    argument: &Value<'_>,
    text: &mut String,
) -> Evaluated<()> {
    let written = match (conversion, argument) {
        ('s', argument) => return write_string(argument, text),
        ('d', Value::Int(number)) => {
            text.push_str(Buffer::new().format(*number));
            Ok(())
        }
        ('d', Value::Uint(number)) => {
            text.push_str(Buffer::new().format(*number));
            Ok(())
        }
        ('d', Value::Enum(_, number)) => write!(text, "{number}"),
        ('d', Value::Double(number)) => {
            write_plain(*number, text);
            Ok(())
        }
        ('d', Value::Float(number)) => {
            write_plain(*number, text);
            Ok(())
        }
        ('f' | 'e', Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Float(_)) => {
            let number = match argument {
                Value::Int(number) => *number as f64,
                Value::Uint(number) => *number as f64,
                Value::Double(number) => *number,
                Value::Float(number) => f64::from(*number),
                _ => unreachable!("the pattern has numbers only"),
            };
            if !number.is_finite() {
                write_double(number, text);
                Ok(())
            } else if conversion == 'f' {
                write!(text, "{number:.precision$}")
            } else {
                write_scientific(number, precision, text);
                Ok(())
            }
        }
        ('b', Value::Bool(bit)) => write!(text, "{}", u8::from(*bit)),
        ('b', Value::Int(number)) => write!(text, "{}{:b}", minus(*number), number.unsigned_abs()),
        ('b', Value::Uint(number)) => write!(text, "{number:b}"),
        ('o', Value::Int(number)) => write!(text, "{}{:o}", minus(*number), number.unsigned_abs()),
        ('o', Value::Uint(number)) => write!(text, "{number:o}"),
        ('x', Value::Int(number)) => write!(text, "{}{:x}", minus(*number), number.unsigned_abs()),
        ('x', Value::Uint(number)) => write!(text, "{number:x}"),
        ('X', Value::Int(number)) => write!(text, "{}{:X}", minus(*number), number.unsigned_abs()),
        ('X', Value::Uint(number)) => write!(text, "{number:X}"),
        ('x' | 'X', Value::String(value)) => write_hex(value.as_bytes(), conversion == 'X', text),
        ('x' | 'X', Value::Bytes(value)) => write_hex(value, conversion == 'X', text),
        ('d' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X', other) => {
            return Err(EvalError::without_values(format!(
                "format: %{conversion} does not take {}",
                other.type_name()
            )));
        }
        _ => return Err(EvalError::new(format!("format: there is no %{conversion}"))),
    };
    written.expect("a String takes all text");
    Ok(())
}

fn minus(number: i64) -> &'static str {
    if number < 0 { "-" } else { "" }
}

fn write_hex(bytes: &[u8], upper: bool, text: &mut String) -> std::fmt::Result {
    bytes.iter().try_for_each(|byte| {
        if upper {
            write!(text, "{byte:02X}")
        } else {
            write!(text, "{byte:02x}")
        }
    })
}

/// `d.ddde±dd`: at least two digits in the exponent.
fn write_scientific(number: f64, precision: usize, text: &mut String) {
    let digits = format!("{number:.precision$e}");
    let (mantissa, exponent) = digits.split_once('e').expect("LowerExp writes an exponent");
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |exponent| ('-', exponent));
    write!(text, "{mantissa}e{sign}{exponent:0>2}").expect("a String takes all text");
}

/// A double or a float without an exponent, whatever its size.
fn write_plain<N: Copy + Display + Into<f64>>(number: N, text: &mut String) {
    if number.into().is_finite() {
        write!(text, "{number}").expect("a String takes all text");
    } else {
        write_double(number.into(), text);
    }
}

/// `%s`: anything but a message; maps are sorted by the text of their keys.
fn write_string(argument: &Value<'_>, text: &mut String) -> Evaluated<()> {
    match argument {
        Value::String(value) => text.push_str(value),
        Value::Int(number) => text.push_str(Buffer::new().format(*number)),
        Value::Uint(number) => text.push_str(Buffer::new().format(*number)),
        Value::Null => text.push_str("null"),
        Value::Double(number) => write_plain(*number, text),
        Value::Float(number) => write_plain(*number, text),
        Value::Bytes(bytes) => write_lossy(bytes, text),
        Value::Type(name) => text.push_str(name),
        Value::Duration { seconds, nanos } => write_duration(*seconds, *nanos, text),
        Value::List(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_string(value, text)?;
            }
            text.push(']');
        }
        Value::Map(entries) => {
            let mut lines = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let (mut key_text, mut value_text) = (String::new(), String::new());
                write_string(key, &mut key_text)?;
                write_string(value, &mut value_text)?;
                lines.push((key_text, value_text));
            }
            lines.sort();
            text.push('{');
            for (index, (key, value)) in lines.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                write!(text, "{comma}{key}: {value}").expect("a String takes all text");
            }
            text.push('}');
        }
        Value::Message(message) => {
            let name = message.descriptor.full_name();
            return Err(EvalError::without_values(format!(
                "format: %s does not take a message ({name}); see json()"
            )));
        }
        scalar => text.push_str(&text_of(scalar.clone())?),
    }
    Ok(())
}

/// Bytes as text: a run of bytes that are not UTF-8 becomes one U+FFFD, as the specification has it.
fn write_lossy(bytes: &[u8], text: &mut String) {
    let mut in_invalid = false;
    for chunk in bytes.utf8_chunks() {
        in_invalid &= chunk.valid().is_empty();
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            if !in_invalid {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            in_invalid = true;
        }
    }
}
