//! What fields and extensions have in common, read from their descriptors once, at load.

use prost_reflect::{
    Cardinality, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, Value,
};

use crate::message::{WireType, key, wire_type};
use crate::schema::{field_called, kind_name};

/// A field of a message, or an extension of it.
#[derive(Debug, Clone)]
pub(crate) struct FieldInfo {
    /// The full name, for error messages.
    pub(crate) full_name: String,
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) repeated: bool,
    pub(crate) packed: bool,
    pub(crate) group: bool,
    pub(crate) required: bool,
    /// Whether a default value can be distinguished from an unset field.
    pub(crate) presence: bool,
    /// The value of the field when it is unset.
    pub(crate) default: Value,
    /// Whether it is an element of a list or the value of a map entry, which always has a value.
    pub(crate) element: bool,
    /// The key and the value of an entry, if it is a map.
    pub(super) entry: Option<Box<[FieldInfo; 2]>>,
    /// The oneof that it belongs to, other than the synthetic one of an `optional` field.
    pub(crate) oneof: Option<OneofDescriptor>,
}

impl FieldInfo {
    /// The field of that name: its proto name, its JSON name, or `[package.extension]`.
    pub(crate) fn find(message: &MessageDescriptor, name: &str) -> Option<Self> {
        if let Some(extension) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            return message
                .get_extension_by_full_name(extension)
                .map(|found| Self::of_extension(&found));
        }
        let found = field_called(message, name)?;
        Some(Self::of_field(&found))
    }

    /// The field with that number, an extension too.
    pub(crate) fn numbered(message: &MessageDescriptor, number: u32) -> Option<Self> {
        match message.get_field(number) {
            Some(found) => Some(Self::of_field(&found)),
            None => message
                .get_extension(number)
                .map(|found| Self::of_extension(&found)),
        }
    }

    pub(crate) fn of_field(field: &FieldDescriptor) -> Self {
        Self {
            full_name: field.full_name().to_owned(),
            number: field.number(),
            kind: field.kind(),
            repeated: field.cardinality() == Cardinality::Repeated,
            packed: field.is_packed(),
            group: field.is_group(),
            required: field.cardinality() == Cardinality::Required,
            presence: field.supports_presence(),
            default: field.default_value(),
            element: false,
            entry: match field.kind() {
                Kind::Message(entry) if field.is_map() => Some(Box::new([
                    Self::of_field(&entry.map_entry_key_field()),
                    Self::of_field(&entry.map_entry_value_field()),
                ])),
                _ => None,
            },
            oneof: field.containing_oneof().filter(|oneof| !oneof.is_synthetic()),
        }
    }

    fn of_extension(field: &ExtensionDescriptor) -> Self {
        Self {
            full_name: format!("[{}]", field.full_name()),
            number: field.number(),
            kind: field.kind(),
            repeated: field.cardinality() == Cardinality::Repeated,
            packed: field.is_packed(),
            group: field.is_group(),
            required: false,
            presence: field.supports_presence(),
            default: field.default_value(),
            element: false,
            entry: None,
            oneof: None,
        }
    }

    /// Why not both this field and another one of its message can be set, each by the name that a rule gives it.
    pub(crate) fn clash(&self, name: &str, other: &Self, other_name: &str) -> Option<String> {
        if self.number == other.number {
            return Some(format!("`{name}` and `{other_name}` are the same field"));
        }
        let oneof = self.oneof.as_ref()?;
        (other.oneof.as_ref() == Some(oneof)).then(|| {
            let oneof = oneof.name();
            format!("`{name}` and `{other_name}` are both of the oneof `{oneof}`: one can be set")
        })
    }

    /// The type of its values, if they are messages.
    pub(crate) fn message(&self) -> Option<&MessageDescriptor> {
        self.kind.as_message()
    }

    /// The entry type, if the field is a map.
    pub(crate) fn map_entry(&self) -> Option<&MessageDescriptor> {
        self.message()
            .filter(|message| self.repeated && message.is_map_entry())
    }

    /// The same field with one value: an element of the list.
    pub(crate) fn element(&self) -> Self {
        Self {
            element: true,
            repeated: false,
            packed: false,
            presence: true,
            ..self.clone()
        }
    }

    /// The key before its value; for a group, the key that starts it.
    pub(crate) fn key(&self) -> u32 {
        key(self.number, self.wire_type())
    }

    /// The key before all elements of a packed list.
    pub(crate) fn key_of_packed(&self) -> u32 {
        key(self.number, WireType::LengthDelimited)
    }

    /// The wire type of one value.
    pub(crate) fn wire_type(&self) -> WireType {
        if self.group {
            WireType::StartGroup
        } else {
            wire_type(&self.kind)
        }
    }

    /// Whether the value of the unset field is zero, the empty string or the enum's value 0.
    pub(crate) fn default_is_zero(&self) -> bool {
        self.message().is_none() && (self.repeated || self.default == zero(&self.kind))
    }

    /// The type of one value as `.proto` files write it, for error messages.
    pub(crate) fn type_name(&self) -> String {
        kind_name(&self.kind).to_owned()
    }
}

/// The value of an unset scalar in proto3.
fn zero(kind: &Kind) -> Value {
    match kind {
        Kind::Enum(_) => Value::EnumNumber(0),
        other => other.default_value(),
    }
}
