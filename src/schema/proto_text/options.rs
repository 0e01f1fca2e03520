//! Options as proto text: those of descriptor.proto by name, custom ones in parentheses.
//!
//! Values are printed as in the text format, which options in a proto use too.

use std::fmt::Write as _;

use prost_reflect::{DynamicMessage, Kind, Value};

use super::lines::indented;
use crate::schema::text_format::{AnyContents, text_format};

/// The options that are set, each as `name = value`. A repeated option occurs once for each of its values.
pub(super) fn assignments(options: &DynamicMessage) -> Vec<String> {
    let mut all = Vec::new();
    for (field, value) in options.fields() {
        each(value, |value| {
            all.push(format!("{} = {}", field.name(), text(value, &field.kind())));
        });
    }
    for (extension, value) in options.extensions() {
        each(value, |value| {
            all.push(format!(
                "({}) = {}",
                extension.full_name(),
                text(value, &extension.kind())
            ));
        });
    }
    all
}

fn each(value: &Value, mut push: impl FnMut(&Value)) {
    match value {
        Value::List(values) => values.iter().for_each(push),
        value => push(value),
    }
}

fn text(value: &Value, kind: &Kind) -> String {
    match value {
        Value::String(text) => quoted(text.as_bytes()),
        Value::Bytes(bytes) => quoted(bytes),
        Value::Bool(value) => value.to_string(),
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string().to_lowercase(),
        Value::F64(value) => value.to_string().to_lowercase(),
        Value::EnumNumber(number) => {
            let value = kind.as_enum().and_then(|kind| kind.get_value(*number));
            value.map_or_else(|| number.to_string(), |value| value.name().to_owned())
        }
        Value::Message(message) => {
            // An `Any` is printed as bytes: expanding `Any`s inside one another could overflow the stack.
            let text = text_format(message, AnyContents::Bytes);
            match text.as_str() {
                "" => "{}".to_owned(),
                text if text.contains('\n') => {
                    format!("{{\n{}}}", indented(&format!("{text}\n")))
                }
                text => format!("{{ {text} }}"),
            }
        }
        Value::List(_) | Value::Map(_) => String::new(),
    }
}

/// A string literal of proto text. Control characters and bytes that are not UTF-8 are escaped byte by byte.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut literal = String::from("\"");
    let escape = |literal: &mut String, byte: u8| {
        let _ = write!(literal, "\\{byte:03o}");
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => literal.push_str("\\n"),
                '\r' => literal.push_str("\\r"),
                '\t' => literal.push_str("\\t"),
                '"' | '\\' => literal.extend(['\\', character]),
                control if control.is_control() => {
                    for byte in control.encode_utf8(&mut [0; 4]).bytes() {
                        escape(&mut literal, byte);
                    }
                }
                other => literal.push(other),
            }
        }
        for byte in chunk.invalid() {
            escape(&mut literal, *byte);
        }
    }
    literal.push('"');
    literal
}
