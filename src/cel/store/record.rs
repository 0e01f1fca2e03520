//! Changes of the store in bytes, as servers tell them to each other.
//!
//! A record is a list of changes, which are made together or not at all. Messages and enums go by the names of their types.

use super::tree::TreeKey;
use crate::cel::values::Value;
use crate::message::{put_delimited, put_varint, zigzag};

/// The tags of changes.
pub(super) mod change {
    #[cfg(feature = "nats")]
    pub(in crate::cel::store) const CLEAR: u64 = 0;
    pub(in crate::cel::store) const SET: u64 = 1;
}

/// The tags of values.
pub(super) mod tag {
    pub(in crate::cel::store) const NULL: u64 = 0;
    pub(in crate::cel::store) const FALSE: u64 = 1;
    pub(in crate::cel::store) const TRUE: u64 = 2;
    pub(in crate::cel::store) const INT: u64 = 3;
    pub(in crate::cel::store) const UINT: u64 = 4;
    pub(in crate::cel::store) const DOUBLE: u64 = 5;
    pub(in crate::cel::store) const FLOAT: u64 = 6;
    pub(in crate::cel::store) const STRING: u64 = 7;
    pub(in crate::cel::store) const BYTES: u64 = 8;
    pub(in crate::cel::store) const DURATION: u64 = 9;
    pub(in crate::cel::store) const TIMESTAMP: u64 = 10;
    pub(in crate::cel::store) const ENUM: u64 = 11;
    pub(in crate::cel::store) const MESSAGE: u64 = 12;
    pub(in crate::cel::store) const LIST: u64 = 13;
    pub(in crate::cel::store) const MAP: u64 = 14;
    pub(in crate::cel::store) const TYPE: u64 = 15;
}

/// Adds a change that removes all variables.
#[cfg(feature = "nats")]
pub(crate) fn put_clear(record: &mut Vec<u8>) {
    put_varint(record, change::CLEAR);
}

/// Adds a change that sets what is at a path, or removes it if the value is null.
pub(super) fn put_set(record: &mut Vec<u8>, path: &[TreeKey], value: &Value<'_>) {
    put_varint(record, change::SET);
    put_varint(record, path.len() as u64);
    for key in path {
        put_value(record, &key.to_value());
    }
    put_value(record, value);
}

fn put_value(record: &mut Vec<u8>, value: &Value<'_>) {
    let mut put_tag = |tag| put_varint(record, tag);
    match value {
        Value::Null => put_tag(tag::NULL),
        Value::Bool(false) => put_tag(tag::FALSE),
        Value::Bool(true) => put_tag(tag::TRUE),
        Value::Int(number) => {
            put_tag(tag::INT);
            put_varint(record, zigzag(*number));
        }
        Value::Uint(number) => {
            put_tag(tag::UINT);
            put_varint(record, *number);
        }
        Value::Double(number) => {
            put_tag(tag::DOUBLE);
            record.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        Value::Float(number) => {
            put_tag(tag::FLOAT);
            record.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        Value::String(text) => {
            put_tag(tag::STRING);
            put_delimited(record, text.as_bytes());
        }
        Value::Bytes(bytes) => {
            put_tag(tag::BYTES);
            put_delimited(record, bytes);
        }
        Value::Duration { seconds, nanos } | Value::Timestamp { seconds, nanos } => {
            put_tag(match value {
                Value::Duration { .. } => tag::DURATION,
                _ => tag::TIMESTAMP,
            });
            put_varint(record, zigzag(*seconds));
            put_varint(record, zigzag((*nanos).into()));
        }
        Value::Enum(descriptor, number) => {
            put_tag(tag::ENUM);
            put_delimited(record, descriptor.full_name().as_bytes());
            put_varint(record, zigzag((*number).into()));
        }
        Value::Message(message) => {
            put_tag(tag::MESSAGE);
            put_delimited(record, message.descriptor.full_name().as_bytes());
            put_delimited(record, &message.bytes);
        }
        Value::List(values) => {
            put_tag(tag::LIST);
            put_varint(record, values.len() as u64);
            for value in values {
                put_value(record, value);
            }
        }
        Value::Map(entries) => {
            put_tag(tag::MAP);
            put_varint(record, entries.len() as u64);
            for (key, value) in entries {
                put_value(record, key);
                put_value(record, value);
            }
        }
        Value::Type(name) => {
            put_tag(tag::TYPE);
            put_delimited(record, name.as_bytes());
        }
    }
}
