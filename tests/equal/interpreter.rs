//! The cel crate's interpreter, which gets the request as maps.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use prost_reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value};

use crate::expression::Expr;
use crate::path::LONGEST;
use crate::straight::{Failure, Given};

/// The interpreter's value.
pub(crate) fn interpret(expr: &Expr, given: &Given) -> Result<Value, Failure> {
    let source = expr.interpretable(given);
    let program = cel::Program::compile(&source).unwrap_or_else(|errors| panic!("{source}: {errors}"));
    let mut context = cel::Context::default();
    context.add_variable_from_value("request", message(&given.request, LONGEST));
    context.add_variable_from_value("round", cel::Value::Int(given.round));
    let value = program.execute(&context).map_err(|_| Failure)?;
    Ok(match value {
        cel::Value::Bool(truth) => Value::Bool(truth),
        cel::Value::Int(number) => Value::I64(number),
        cel::Value::UInt(number) => Value::U64(number),
        cel::Value::Float(number) => Value::F64(number),
        cel::Value::String(text) => Value::String(text.to_string()),
        cel::Value::Bytes(bytes) => Value::Bytes(bytes.to_vec().into()),
        other => panic!("no expression here gives {other:?}"),
    })
}

/// A message as a map of all its fields, including unset ones, with sub-messages as deep as paths go.
fn message(message: &DynamicMessage, levels: usize) -> cel::Value {
    let descriptor = message.descriptor();
    let fields = descriptor.fields().filter_map(|field| {
        let key = Key::String(Arc::new(field.name().to_owned()));
        Some((key, value(&message.get_field(&field), levels.checked_sub(1)?)))
    });
    map(fields.collect())
}

fn value(value: &Value, levels: usize) -> cel::Value {
    match value {
        Value::Bool(truth) => cel::Value::Bool(*truth),
        Value::I32(number) | Value::EnumNumber(number) => cel::Value::Int((*number).into()),
        Value::I64(number) => cel::Value::Int(*number),
        Value::U32(number) => cel::Value::UInt((*number).into()),
        Value::U64(number) => cel::Value::UInt(*number),
        Value::F32(number) => cel::Value::Float((*number).into()),
        Value::F64(number) => cel::Value::Float(*number),
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Bytes(bytes) => cel::Value::Bytes(bytes.to_vec().into()),
        Value::Message(below) => message(below, levels),
        Value::List(items) => {
            let items: Vec<cel::Value> = items.iter().map(|item| self::value(item, levels)).collect();
            cel::Value::List(Arc::new(items))
        }
        Value::Map(entries) => map(entries
            .iter()
            .map(|(key, item)| (self::key(key), self::value(item, levels)))
            .collect()),
    }
}

fn key(key: &MapKey) -> Key {
    match key {
        MapKey::Bool(key) => Key::Bool(*key),
        MapKey::I32(key) => Key::Int((*key).into()),
        MapKey::I64(key) => Key::Int(*key),
        MapKey::U32(key) => Key::Uint((*key).into()),
        MapKey::U64(key) => Key::Uint(*key),
        MapKey::String(key) => Key::String(Arc::new(key.clone())),
    }
}

fn map(entries: HashMap<Key, cel::Value>) -> cel::Value {
    cel::Value::Map(Map {
        map: Arc::new(entries),
    })
}
