//! Random messages, and their bytes in every order and form that protobuf reads as the same message.

use std::collections::HashMap;

use prost::encoding::encode_varint;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Syntax, Value};

use crate::choices::Choices;

/// A message with at most `depth` levels of sub-messages.
pub(crate) fn message(
    descriptor: &MessageDescriptor,
    depth: usize,
    choices: &mut Choices<'_>,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        // Everything is unset when there are no more choices.
        if choices.below(4) == 0 || depth == 0 && matches!(field.kind(), Kind::Message(_)) {
            continue;
        }
        message.set_field(&field, field_value(&field, depth, choices));
    }
    message
}

fn field_value(field: &FieldDescriptor, depth: usize, choices: &mut Choices<'_>) -> Value {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let entries = (0..choices.below(4)).filter_map(|_| {
            let key = value(&entry.map_entry_key_field().kind(), 0, choices);
            let value = value(&entry.map_entry_value_field().kind(), depth, choices);
            Some((key.into_map_key()?, value))
        });
        return Value::Map(entries.collect::<HashMap<MapKey, Value>>());
    }
    if field.is_list() {
        let count = choices.below(4);
        return Value::List((0..count).map(|_| value(&field.kind(), depth, choices)).collect());
    }
    value(&field.kind(), depth, choices)
}

/// One value. Numbers of enums may be unknown.
pub(crate) fn value(kind: &Kind, depth: usize, choices: &mut Choices<'_>) -> Value {
    let bits = choices.bits();
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(bits as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(bits.cast_signed()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(bits as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(bits),
        Kind::Bool => Value::Bool(bits & 1 == 1),
        Kind::Float => Value::F32(choices.float()),
        Kind::Double => Value::F64(choices.float().into()),
        Kind::String => Value::String(choices.text()),
        Kind::Bytes => Value::Bytes(bits.to_be_bytes()[..choices.below(9)].to_vec().into()),
        // Another number than those of an enum of proto2 is an unknown field, which prost-reflect does not know.
        Kind::Enum(kind) if kind.parent_file().syntax() == Syntax::Proto2 => {
            let numbers: Vec<i32> = kind.values().map(|value| value.number()).collect();
            Value::EnumNumber(*choices.pick(&numbers))
        }
        Kind::Enum(_) => Value::EnumNumber(*choices.pick(&[0, 1, -2, 70_000, 1, 5])),
        Kind::Message(descriptor) => Value::Message(message(descriptor, depth.saturating_sub(1), choices)),
    }
}

/// The bytes of a message, with fields shuffled, sub-messages split, singular fields repeated, lists partly packed, and
/// varints with more bits than their type. They all decode to the same message.
pub(crate) fn bytes(message: &DynamicMessage, choices: &mut Choices<'_>) -> Vec<u8> {
    shuffled(message, choices).concat()
}

/// A well-formed field that no schema has, with at most `depth` levels of groups.
pub(crate) fn unknown(depth: usize, choices: &mut Choices<'_>) -> Vec<u8> {
    const NUMBER: u64 = 500_000;
    let mut bytes = Vec::new();
    let wire_type = choices.below(if depth == 0 { 3 } else { 4 }) as u64;
    encode_varint(NUMBER << 3 | wire_type, &mut bytes);
    match wire_type {
        0 => encode_varint(choices.bits(), &mut bytes),
        1 => bytes.extend(choices.bits().to_le_bytes()),
        2 => delimited(choices.text().as_bytes(), &mut bytes),
        _ => {
            bytes.extend([0x08, 0x01]);
            for _ in 0..choices.below(4) {
                bytes.extend(unknown(depth - 1, choices));
            }
            encode_varint(NUMBER << 3 | 4, &mut bytes);
        }
    }
    bytes
}

/// The message's pieces in a random order, in which the values of a field and the members of a oneof stay in order.
fn shuffled(message: &DynamicMessage, choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let mut queues: Vec<Vec<Vec<u8>>> = message
        .fields()
        .map(|(field, value)| {
            let mut pieces = pieces(&field, value, choices);
            pieces.reverse();
            pieces
        })
        .collect();
    let mut shuffled = Vec::new();
    while !queues.is_empty() {
        let queue = choices.below(queues.len());
        match queues[queue].pop() {
            Some(piece) => shuffled.push(piece),
            None => drop(queues.remove(queue)),
        }
    }
    shuffled
}

/// The pieces of one field.
fn pieces(field: &FieldDescriptor, value: &Value, choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let kind = field.kind();
    match value {
        Value::Map(entries) => map(field, entries, choices),
        Value::List(items) => list(field, items, choices),
        Value::Message(message) => {
            let mut pieces = before(field, choices);
            let mut parts = shuffled(message, choices);
            let rest = parts.split_off(choices.below(parts.len() + 1));
            for part in [parts, rest] {
                pieces.push(sub_message(field, &part.concat()));
            }
            pieces
        }
        scalar => {
            let mut pieces = before(field, choices);
            if choices.one_in(3) {
                pieces.push(single(field, &self::value(&kind, 0, choices), choices));
            }
            pieces.push(single(field, scalar, choices));
            pieces
        }
    }
}

/// Another member of the field's oneof, which the field itself then clears.
fn before(field: &FieldDescriptor, choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let Some(oneof) = field.containing_oneof() else {
        return Vec::new();
    };
    let others: Vec<FieldDescriptor> = oneof.fields().filter(|other| other != field).collect();
    if others.is_empty() || choices.below(2) == 0 {
        return Vec::new();
    }
    let other = choices.pick(&others);
    let value = value(&other.kind(), 1, choices);
    vec![single(other, &value, choices)]
}

fn list(field: &FieldDescriptor, items: &[Value], choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let kind = field.kind();
    if matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_)) {
        return items.iter().map(|item| single(field, item, choices)).collect();
    }
    let mut pieces = Vec::new();
    let mut items = items;
    while !items.is_empty() {
        let (run, rest) = items.split_at(1 + choices.below(items.len()));
        items = rest;
        if choices.one_in(2) {
            pieces.extend(run.iter().map(|item| single(field, item, choices)));
            continue;
        }
        let mut packed = Vec::new();
        for item in run {
            put(&kind, item, choices, &mut packed);
        }
        pieces.push(keyed_delimited(field, &packed));
    }
    pieces
}

fn map(field: &FieldDescriptor, entries: &HashMap<MapKey, Value>, choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let Kind::Message(entry) = field.kind() else {
        return Vec::new();
    };
    let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
    let mut pieces = Vec::new();
    for (key, value) in entries {
        let key = Value::from(key.clone());
        // An entry with the same key, which this one replaces.
        let earlier = choices
            .one_in(3)
            .then(|| self::value(&value_field.kind(), 1, choices));
        for value in earlier.iter().chain([value]) {
            let mut parts = [
                single(&key_field, &key, choices),
                single(&value_field, value, choices),
            ];
            if choices.one_in(2) {
                parts.reverse();
            }
            pieces.push(keyed_delimited(field, &parts.concat()));
        }
    }
    pieces
}

/// A key and one value.
fn single(field: &FieldDescriptor, value: &Value, choices: &mut Choices<'_>) -> Vec<u8> {
    if let Value::Message(message) = value {
        return sub_message(field, &shuffled(message, choices).concat());
    }
    let kind = field.kind();
    let wire_type = match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::String | Kind::Bytes => 2,
        _ => 0,
    };
    let mut bytes = key(field, wire_type);
    put(&kind, value, choices, &mut bytes);
    bytes
}

fn sub_message(field: &FieldDescriptor, contents: &[u8]) -> Vec<u8> {
    if field.is_group() {
        return [&key(field, 3), contents, &key(field, 4)].concat();
    }
    keyed_delimited(field, contents)
}

fn keyed_delimited(field: &FieldDescriptor, contents: &[u8]) -> Vec<u8> {
    let mut bytes = key(field, 2);
    delimited(contents, &mut bytes);
    bytes
}

fn key(field: &FieldDescriptor, wire_type: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_varint((field.number() << 3 | wire_type).into(), &mut bytes);
    bytes
}

fn delimited(contents: &[u8], bytes: &mut Vec<u8>) {
    encode_varint(contents.len() as u64, bytes);
    bytes.extend(contents);
}

/// A scalar without its key.
fn put(kind: &Kind, value: &Value, choices: &mut Choices<'_>, bytes: &mut Vec<u8>) {
    let more = if choices.one_in(4) {
        1 << (33 + choices.below(30))
    } else {
        0
    };
    match (kind, value) {
        (Kind::Sfixed32, Value::I32(number)) => bytes.extend(number.to_le_bytes()),
        (Kind::Sfixed64, Value::I64(number)) => bytes.extend(number.to_le_bytes()),
        (Kind::Fixed32, Value::U32(number)) => bytes.extend(number.to_le_bytes()),
        (Kind::Fixed64, Value::U64(number)) => bytes.extend(number.to_le_bytes()),
        (_, Value::F32(number)) => bytes.extend(number.to_le_bytes()),
        (_, Value::F64(number)) => bytes.extend(number.to_le_bytes()),
        (_, Value::String(text)) => delimited(text.as_bytes(), bytes),
        (_, Value::Bytes(contents)) => delimited(contents, bytes),
        (Kind::Sint32, Value::I32(number)) => {
            encode_varint(
                u64::from((number << 1 ^ number >> 31).cast_unsigned()) ^ more,
                bytes,
            );
        }
        (Kind::Sint64, Value::I64(number)) => {
            encode_varint((number << 1 ^ number >> 63).cast_unsigned(), bytes);
        }
        (_, Value::I32(number) | Value::EnumNumber(number)) => {
            encode_varint(i64::from(*number).cast_unsigned() ^ more, bytes);
        }
        (_, Value::I64(number)) => encode_varint(number.cast_unsigned(), bytes),
        (_, Value::U32(number)) => encode_varint(u64::from(*number) ^ more, bytes),
        (_, Value::U64(number)) => encode_varint(*number, bytes),
        (_, Value::Bool(truth)) => encode_varint(if *truth { 1 ^ more } else { 0 }, bytes),
        (_, Value::Message(_) | Value::List(_) | Value::Map(_)) => unreachable!("no scalar of {kind:?}"),
    }
}
