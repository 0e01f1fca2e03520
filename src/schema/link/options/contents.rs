//! [`Contents`]: the message that options of an element make up, field by field, and its bytes.
//!
//! It keeps what a run-time message cannot: the entries of maps as they came, and keys that come twice, as protoc writes them.

use std::collections::BTreeMap;

use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{
    Cardinality, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};
use prost_types::MessageOptions;

use crate::schema::descriptor::{FeatureSupport, FieldOptions};
use crate::schema::features::verifies_utf8;
use crate::schema::wire::put;

/// A field or an extension of a message.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) full_name: String,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) is_list: bool,
    is_packed: bool,
    pub(super) is_group: bool,
    /// Whether a value that is the default is written.
    has_presence: bool,
    pub(super) oneof: Option<OneofDescriptor>,
    /// Whether a string has to be UTF-8.
    pub(super) is_utf8: bool,
    /// What it demands, as far as its descriptor says so.
    pub(super) demands: FieldDemands,
}

impl Slot {
    pub(super) fn of_field(field: &FieldDescriptor) -> Self {
        Self {
            name: field.name().to_owned(),
            full_name: field.full_name().to_owned(),
            number: field.number(),
            kind: field.kind(),
            is_list: field.is_list() || field.is_map(),
            is_packed: field.is_packed(),
            is_group: field.is_group(),
            // An entry of a map is written with its key and its value.
            has_presence: field.supports_presence() || field.parent_message().is_map_entry(),
            oneof: field.containing_oneof(),
            is_utf8: verifies_utf8(
                field.field_descriptor_proto(),
                field.parent_message().parent_file().syntax(),
            ),
            demands: match field.field_descriptor_proto().options {
                Some(_) => FieldDemands::of(&field.options().encode_to_vec()),
                None => FieldDemands::default(),
            },
        }
    }

    /// That of an extension with this full name, which is one message.
    pub(super) fn of_message(full_name: &str, number: u32, message: MessageDescriptor) -> Self {
        Self {
            name: format!("({full_name})"),
            full_name: full_name.to_owned(),
            number,
            kind: Kind::Message(message),
            is_list: false,
            is_packed: false,
            is_group: false,
            has_presence: true,
            oneof: None,
            is_utf8: false,
            demands: FieldDemands::default(),
        }
    }

    pub(super) fn of_extension(extension: &ExtensionDescriptor) -> Self {
        Self {
            name: format!("({})", extension.full_name()),
            full_name: extension.full_name().to_owned(),
            number: extension.number(),
            kind: extension.kind(),
            is_list: extension.is_list(),
            is_packed: extension.is_packed(),
            is_group: extension.is_group(),
            has_presence: true,
            oneof: None,
            is_utf8: verifies_utf8(
                extension.field_descriptor_proto(),
                extension.parent_file().syntax(),
            ),
            demands: match extension.field_descriptor_proto().options {
                Some(_) => FieldDemands::of(&extension.options().encode_to_vec()),
                None => FieldDemands::default(),
            },
        }
    }
}

/// What a field demands where it is an option, or in one.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldDemands {
    /// It is for the source alone, and left out of what is served.
    pub(super) is_for_source: bool,
    /// The elements that it is for, if it is not for all, by `FieldOptions.OptionTargetType`.
    pub(super) targets: Vec<i32>,
    /// The editions that have it.
    pub(super) support: Option<FeatureSupport>,
}

impl FieldDemands {
    /// Those of a field whose serialized options these are.
    pub(super) fn of(options: &[u8]) -> Self {
        const RETENTION_SOURCE: i32 = 2;
        let options = FieldOptions::decode(options).unwrap_or_default();
        Self {
            is_for_source: options.retention == RETENTION_SOURCE,
            targets: options.targets,
            support: options.feature_support,
        }
    }
}

/// One value of a field.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(Vec<u8>),
    /// What should be UTF-8, and need not be.
    Text(Vec<u8>),
    Message(Contents),
}

/// How deep messages may nest in options.
pub(super) const MAX_DEPTH: usize = 100;

/// The numbers of the group in which a message set has each of its messages.
const ITEM: u32 = 1;
const ITEM_TYPE: u32 = 2;
const ITEM_MESSAGE: u32 = 3;

/// A message: its fields by number.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    pub(super) descriptor: MessageDescriptor,
    fields: BTreeMap<u32, (Slot, Vec<Value>)>,
}

impl Contents {
    pub(super) fn new(descriptor: MessageDescriptor) -> Self {
        Self {
            descriptor,
            fields: BTreeMap::new(),
        }
    }

    /// The name of a field that is set and is in the same oneof.
    pub(super) fn rival(&self, slot: &Slot) -> Option<&str> {
        let oneof = slot.oneof.as_ref()?;
        let mut set = self.fields.values();
        let (rival, _) =
            set.find(|(other, _)| other.number != slot.number && other.oneof.as_ref() == Some(oneof))?;
        Some(&rival.name)
    }

    /// Adds a value. Returns how many there were. Of a oneof the last field that is set stays.
    pub(super) fn push(&mut self, slot: &Slot, value: Value) -> usize {
        self.clear_rivals(slot);
        let (_, values) = self
            .fields
            .entry(slot.number)
            .or_insert_with(|| (slot.clone(), Vec::new()));
        values.push(value);
        values.len() - 1
    }

    /// Removes the other fields of its oneof.
    fn clear_rivals(&mut self, slot: &Slot) {
        if let Some(oneof) = &slot.oneof {
            self.fields
                .retain(|number, (other, _)| *number == slot.number || other.oneof.as_ref() != Some(oneof));
        }
    }

    /// The message in a field, which is made if it is not set.
    pub(super) fn message_mut(&mut self, slot: &Slot) -> Option<&mut Self> {
        let Kind::Message(descriptor) = &slot.kind else {
            return None;
        };
        self.clear_rivals(slot);
        let (_, values) = self
            .fields
            .entry(slot.number)
            .or_insert_with(|| (slot.clone(), vec![Value::Message(Self::new(descriptor.clone()))]));
        match values.first_mut() {
            Some(Value::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// The fields that are set, by number.
    pub(super) fn fields(&self) -> impl Iterator<Item = &(Slot, Vec<Value>)> {
        self.fields.values()
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.fields.contains_key(&number)
    }

    /// Removes the fields that are for the source alone, and notes their paths, which begin with `path`.
    pub(super) fn remove_source(
        &mut self,
        path: &[i32],
        is_for_source: &dyn Fn(&Slot) -> bool,
        removed: &mut Vec<Vec<i32>>,
    ) {
        self.fields.retain(|number, (slot, _)| {
            let goes = is_for_source(slot);
            if goes {
                removed.push([path, &[*number as i32]].concat());
            }
            !goes
        });
        for (number, (slot, values)) in &mut self.fields {
            for (index, value) in (0..).zip(values) {
                if let Value::Message(message) = value {
                    let mut path = [path, &[*number as i32]].concat();
                    path.extend(slot.is_list.then_some(index));
                    message.remove_source(&path, is_for_source, removed);
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many messages are in one another.
    fn depth(&self) -> usize {
        let values = self.fields.values().flat_map(|(_, values)| values);
        let depths = values.map(|value| match value {
            Value::Message(message) => message.depth(),
            _ => 0,
        });
        1 + depths.max().unwrap_or(0)
    }

    /// Whether libraries do not read it, since messages nest too deep.
    pub(super) fn is_too_deep(&self) -> bool {
        self.depth() > MAX_DEPTH + 1
    }

    /// Whether a text in it is no UTF-8.
    pub(super) fn has_odd_texts(&self) -> bool {
        self.fields
            .values()
            .flat_map(|(_, values)| values)
            .any(|value| match value {
                Value::Message(message) => message.has_odd_texts(),
                text => text.is_odd_text(),
            })
    }

    /// The name of a required field that is not set, in it or in a message in it.
    pub(super) fn lacks(&self) -> Option<String> {
        let mut required = self
            .descriptor
            .fields()
            .filter(|field| field.cardinality() == Cardinality::Required);
        let own = required.find(|field| !self.has(field.number()));
        let in_field = |value: &Value| match value {
            Value::Message(message) => message.lacks(),
            _ => None,
        };
        own.map(|field| field.name().to_owned()).or_else(|| {
            self.fields
                .values()
                .flat_map(|(_, values)| values)
                .find_map(in_field)
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let is_set = self.descriptor.descriptor_proto().options.as_ref();
        let is_set = is_set.is_some_and(MessageOptions::message_set_wire_format);
        for (slot, values) in self.fields.values() {
            if is_set {
                for value in values {
                    encode_key(ITEM, WireType::StartGroup, &mut bytes);
                    encode_key(ITEM_TYPE, WireType::Varint, &mut bytes);
                    encode_varint(slot.number.into(), &mut bytes);
                    let mut message = Vec::new();
                    value.encode(&mut message);
                    put(ITEM_MESSAGE, &message, &mut bytes);
                    encode_key(ITEM, WireType::EndGroup, &mut bytes);
                }
                continue;
            }
            if slot.is_packed {
                let mut packed = Vec::new();
                for value in values {
                    value.encode(&mut packed);
                }
                put(slot.number, &packed, &mut bytes);
                continue;
            }
            for value in values {
                if !slot.is_list && !slot.has_presence && value.is_zero() {
                    continue;
                }
                match value {
                    Value::Message(message) if slot.is_group => {
                        encode_key(slot.number, WireType::StartGroup, &mut bytes);
                        bytes.extend_from_slice(&message.encode());
                        encode_key(slot.number, WireType::EndGroup, &mut bytes);
                    }
                    Value::Bytes(_) | Value::Text(_) | Value::Message(_) => {
                        let mut contents = Vec::new();
                        value.encode(&mut contents);
                        put(slot.number, &contents, &mut bytes);
                    }
                    scalar => {
                        encode_key(slot.number, scalar.wire_type(), &mut bytes);
                        scalar.encode(&mut bytes);
                    }
                }
            }
        }
        bytes
    }
}

impl Value {
    /// Whether it is a text that is no UTF-8.
    pub(super) fn is_odd_text(&self) -> bool {
        matches!(self, Self::Text(text) if std::str::from_utf8(text).is_err())
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Varint(value) | Self::Fixed64(value) => *value == 0,
            Self::Fixed32(value) => *value == 0,
            Self::Bytes(contents) | Self::Text(contents) => contents.is_empty(),
            Self::Message(_) => false,
        }
    }

    fn wire_type(&self) -> WireType {
        match self {
            Self::Varint(_) => WireType::Varint,
            Self::Fixed32(_) => WireType::ThirtyTwoBit,
            Self::Fixed64(_) => WireType::SixtyFourBit,
            Self::Bytes(_) | Self::Text(_) | Self::Message(_) => WireType::LengthDelimited,
        }
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Varint(value) => encode_varint(*value, bytes),
            Self::Fixed32(value) => bytes.extend_from_slice(&value.to_le_bytes()),
            Self::Fixed64(value) => bytes.extend_from_slice(&value.to_le_bytes()),
            Self::Bytes(contents) | Self::Text(contents) => bytes.extend_from_slice(contents),
            Self::Message(message) => bytes.extend_from_slice(&message.encode()),
        }
    }
}
