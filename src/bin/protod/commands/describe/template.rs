//! A message to fill in: every field is there, lists and maps with one element.
//!
//! A type that contains itself ends the nesting: the field is left out where its type is already being filled.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// A message with every field set, except fields whose type would contain itself; of a oneof, the first member is set.
pub(super) fn template(descriptor: &MessageDescriptor) -> DynamicMessage {
    filled(descriptor, &mut Vec::new())
}

fn filled(descriptor: &MessageDescriptor, inside: &mut Vec<MessageDescriptor>) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    match descriptor.full_name() {
        // An Any needs a type, and a Value a kind; only the caller knows what they hold.
        "google.protobuf.Any" => {
            message.set_field_by_number(
                1,
                Value::String("type.googleapis.com/google.protobuf.Empty".to_owned()),
            );
            return message;
        }
        "google.protobuf.Value" => {
            message.set_field_by_name("string_value", Value::String("any JSON".to_owned()));
            return message;
        }
        _ => {}
    }
    inside.push(descriptor.clone());
    for field in descriptor.fields() {
        let first_of_its_oneof = field
            .containing_oneof()
            .is_none_or(|oneof| oneof.fields().next().as_ref() == Some(&field));
        if !first_of_its_oneof {
            continue;
        }
        if let Some(value) = field_value(&field, inside) {
            message.set_field(&field, value);
        }
    }
    inside.pop();
    message
}

fn field_value(field: &FieldDescriptor, inside: &mut Vec<MessageDescriptor>) -> Option<Value> {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else {
            return None;
        };
        let key = match Value::default_value(&entry.map_entry_key_field().kind()) {
            Value::Bool(key) => MapKey::Bool(key),
            Value::I32(key) => MapKey::I32(key),
            Value::I64(key) => MapKey::I64(key),
            Value::U32(key) => MapKey::U32(key),
            Value::U64(key) => MapKey::U64(key),
            _ => MapKey::String(String::new()),
        };
        let value = kind_value(&entry.map_entry_value_field().kind(), inside)?;
        return Some(Value::Map([(key, value)].into()));
    }
    if field.is_list() {
        return Some(Value::List(vec![kind_value(&field.kind(), inside)?]));
    }
    match field.kind() {
        Kind::Message(_) => kind_value(&field.kind(), inside),
        _ => Some(field.default_value()),
    }
}

fn kind_value(kind: &Kind, inside: &mut Vec<MessageDescriptor>) -> Option<Value> {
    match kind {
        Kind::Message(message) if inside.contains(message) => None,
        Kind::Message(message) => Some(Value::Message(filled(message, inside))),
        scalar => Some(Value::default_value(scalar)),
    }
}
