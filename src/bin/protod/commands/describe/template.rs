//! A message to fill in: every field is there, lists and maps with one element.
//!
//! A type that contains itself ends the nesting: the field is left out where its type is already being filled. So does a
//! depth, and a number of messages, beyond which nobody would fill in what is printed.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// How deep messages are nested.
const MAX_DEPTH: usize = 32;

/// How many messages are filled.
const MAX_MESSAGES: usize = 1000;

/// A message with every field set, except fields whose type would contain itself; of a oneof, the first member is set.
pub(super) fn template(descriptor: &MessageDescriptor) -> DynamicMessage {
    let mut filler = Filler {
        inside: Vec::new(),
        messages: 0,
    };
    filler.filled(descriptor)
}

/// Fills messages.
struct Filler {
    /// The types of the messages around, outermost first.
    inside: Vec<MessageDescriptor>,
    /// How many messages have been begun.
    messages: usize,
}

impl Filler {
    fn filled(&mut self, descriptor: &MessageDescriptor) -> DynamicMessage {
        self.messages += 1;
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
        self.inside.push(descriptor.clone());
        for field in descriptor.fields() {
            let first_of_its_oneof = field
                .containing_oneof()
                .is_none_or(|oneof| oneof.fields().next().as_ref() == Some(&field));
            if !first_of_its_oneof {
                continue;
            }
            if let Some(value) = self.field_value(&field) {
                message.set_field(&field, value);
            }
        }
        self.inside.pop();
        message
    }

    fn field_value(&mut self, field: &FieldDescriptor) -> Option<Value> {
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
            let value = self.kind_value(&entry.map_entry_value_field().kind())?;
            return Some(Value::Map([(key, value)].into()));
        }
        if field.is_list() {
            return Some(Value::List(vec![self.kind_value(&field.kind())?]));
        }
        match field.kind() {
            Kind::Message(_) => self.kind_value(&field.kind()),
            _ => Some(field.default_value()),
        }
    }

    fn kind_value(&mut self, kind: &Kind) -> Option<Value> {
        match kind {
            Kind::Message(message) if !self.has_room_for(message) => None,
            Kind::Message(message) => Some(Value::Message(self.filled(message))),
            scalar => Some(Value::default_value(scalar)),
        }
    }

    fn has_room_for(&self, message: &MessageDescriptor) -> bool {
        self.inside.len() < MAX_DEPTH && self.messages < MAX_MESSAGES && !self.inside.contains(message)
    }
}
