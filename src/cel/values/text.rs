//! Values as text: as a template shows them, and as JSON.
//!
//! Numbers are decimal, doubles as JavaScript prints them, enums by name, bytes in base64, timestamps as RFC 3339
//! and durations as seconds, both with no more digits than they need; messages are ProtoJSON.

use std::fmt::{Display, LowerExp, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::EnumDescriptor;

use super::calendar::CalendarTime;
use super::value::Value;
use crate::excerpt::excerpt;

impl Value<'_> {
    /// Appends the value as a template puts it into text: numbers in decimal, enums by name, lists and messages
    /// as JSON, bytes in base64, durations and timestamps as ProtoJSON writes them, null as nothing.
    pub(crate) fn write_text(&self, text: &mut String) {
        match self {
            Self::Null => {}
            Self::String(value) | Self::Type(value) => text.push_str(value),
            Self::Double(value) => write_double(*value, text),
            Self::Float(value) => write_float(*value, text),
            Self::Bytes(value) => STANDARD.encode_string(value, text),
            Self::Duration { seconds, nanos } => write_duration(*seconds, *nanos, text),
            Self::Timestamp { seconds, nanos } => write_timestamp(*seconds, *nanos, text),
            Self::Enum(descriptor, number) => write_enum(descriptor, *number, text),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Uint(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Message(_) => {
                self.write_json(text);
            }
        }
    }

    /// The text that [`write_text`](Self::write_text) writes.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    /// The value as an error names it. It is short, because an error may come in each round of a loop: the beginning of
    /// a text, and only the type of what is made of others.
    pub(crate) fn to_excerpt(&self) -> String {
        match self {
            Self::String(text) => excerpt(text).into_owned(),
            Self::Bytes(_) | Self::List(_) | Self::Map(_) | Self::Message(_) => self.type_name().to_owned(),
            _ => self.to_text(),
        }
    }

    /// Appends the value as JSON.
    pub(in crate::cel) fn write_json(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => append(text, value),
            Self::Int(value) => append(text, value),
            Self::Uint(value) => append(text, value),
            Self::Double(value) if value.is_finite() => write_double(*value, text),
            Self::Float(value) if value.is_finite() => write_float(*value, text),
            Self::String(value) => write_json_string(value, text),
            Self::List(values) => {
                text.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    value.write_json(text);
                }
                text.push(']');
            }
            Self::Map(entries) => {
                text.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    let mut name = String::new();
                    key.write_text(&mut name);
                    write_json_string(&name, text);
                    text.push(':');
                    value.write_json(text);
                }
                text.push('}');
            }
            Self::Message(message) => match message.to_message().to_json() {
                Ok(json) => text.push_str(&json),
                // An `Any` of an unknown type, or nested too deep to print.
                Err(error) => {
                    write_json_string(&format!("<{}: {error}>", message.descriptor.full_name()), text);
                }
            },
            quoted => {
                let mut inner = String::new();
                quoted.write_text(&mut inner);
                write_json_string(&inner, text);
            }
        }
    }
}

fn append(text: &mut String, value: impl Display) {
    write!(text, "{value}").expect("a String takes all text");
}

fn write_json_string(value: &str, text: &mut String) {
    text.push_str(&serde_json::to_string(value).expect("every string is JSON"));
}

/// The fewest digits that read back as the same number; an exponent only where the digits would be mostly zeros.
pub(in crate::cel) fn write_double(value: f64, text: &mut String) {
    write_number(value, value, text);
}

/// The fewest digits that read back as the same float.
pub(in crate::cel) fn write_float(value: f32, text: &mut String) {
    write_number(value.into(), value, text);
}

/// A double, or a float whose double is `wide`.
fn write_number(wide: f64, value: impl Display + LowerExp, text: &mut String) {
    let size = wide.abs();
    if wide.is_nan() {
        text.push_str("NaN");
    } else if wide.is_infinite() {
        text.push_str(if wide > 0.0 { "Infinity" } else { "-Infinity" });
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let digits = format!("{value:e}");
        let (mantissa, exponent) = digits.split_once('e').expect("LowerExp writes an exponent");
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        append(text, format_args!("{mantissa}e{sign}{exponent}"));
    } else {
        append(text, value);
    }
}

/// The enum value's name, or its number if it has none.
pub(in crate::cel) fn write_enum(descriptor: &EnumDescriptor, number: i32, text: &mut String) {
    match descriptor.get_value(number) {
        Some(value) => text.push_str(value.name()),
        None => append(text, number),
    }
}

pub(in crate::cel) fn write_duration(seconds: i64, nanos: i32, text: &mut String) {
    if seconds < 0 || nanos < 0 {
        text.push('-');
    }
    append(text, seconds.unsigned_abs());
    write_fraction(nanos.unsigned_abs(), text);
    text.push('s');
}

pub(in crate::cel) fn write_timestamp(seconds: i64, nanos: i32, text: &mut String) {
    let CalendarTime { year, in_cycle } = CalendarTime::new(seconds, 0, 0);
    match year {
        0..=9999 => append(text, format_args!("{year:04}")),
        // Not a valid timestamp; only a request that nobody checked has one.
        _ => append(text, format_args!("{year:+05}")),
    }
    append(text, in_cycle.strftime("-%m-%dT%H:%M:%S"));
    write_fraction(nanos.unsigned_abs(), text);
    text.push('Z');
}

fn write_fraction(nanos: u32, text: &mut String) {
    if nanos > 0 {
        append(text, format_args!(".{nanos:09}"));
        text.truncate(text.trim_end_matches('0').len());
    }
}
