//! The well-known types, which ProtoJSON writes in forms of their own.

use prost_reflect::prost::Message as _;
use prost_reflect::{Kind, MessageDescriptor};
use serde::de::DeserializeSeed as _;

use super::compile::Builder;
use super::constant::Unfit;
use super::field::Field;
use super::json::{put_json, put_list, put_struct};
use super::value::{put_field, unfit};
use crate::cel::{Type, Value};
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::rules::node::{Node, Yaml};
use crate::{schema, suggest};

/// A message type with a JSON form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WellKnown {
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    /// `StringValue` and its kin: one field, `value`.
    Wrapper,
    Any,
}

impl WellKnown {
    pub(crate) fn of(descriptor: &MessageDescriptor) -> Option<Self> {
        Some(match schema::WellKnown::of(descriptor)? {
            schema::WellKnown::Timestamp => Self::Timestamp,
            schema::WellKnown::Duration => Self::Duration,
            schema::WellKnown::FieldMask => Self::FieldMask,
            schema::WellKnown::Struct => Self::Struct,
            schema::WellKnown::Value => Self::Value,
            schema::WellKnown::ListValue => Self::ListValue,
            schema::WellKnown::Any => Self::Any,
            schema::WellKnown::Wrapper => Self::Wrapper,
            schema::WellKnown::Empty => return None,
        })
    }

    /// Writes a value that is not a message of that very type.
    pub(super) fn put(
        self,
        buffer: &mut Vec<u8>,
        descriptor: &MessageDescriptor,
        value: &Value<'_>,
    ) -> Result<(), Unfit> {
        match (self, value) {
            (Self::Timestamp, Value::Timestamp { seconds, nanos })
            | (Self::Duration, Value::Duration { seconds, nanos }) => {
                put_time(buffer, *seconds, *nanos);
                Ok(())
            }
            (Self::Timestamp | Self::Duration | Self::FieldMask, Value::String(text)) => {
                let bytes =
                    from_json_text(descriptor, text).map_err(|_| unfit(value, descriptor.full_name()))?;
                buffer.extend_from_slice(&bytes);
                Ok(())
            }
            (Self::Value, _) => put_json(buffer, value),
            (Self::Struct, _) => put_struct(buffer, value),
            (Self::ListValue, _) => put_list(buffer, value),
            (Self::Wrapper, _) => match Field::numbered(descriptor, 1) {
                Some(field) if !matches!(value, Value::Message(_)) => put_field(buffer, &field, value),
                _ => Err(unfit(value, descriptor.full_name())),
            },
            (Self::Any, Value::Message(message)) => {
                put_varint(buffer, key(1, WireType::LengthDelimited).into());
                put_delimited(buffer, type_url(message.descriptor.full_name()).as_bytes());
                put_varint(buffer, key(2, WireType::LengthDelimited).into());
                put_delimited(buffer, &message.bytes);
                Ok(())
            }
            _ => Err(unfit(value, descriptor.full_name())),
        }
    }

    /// Whether values of that type may fit; `scalar` knows of scalars.
    pub(super) fn accepts(
        self,
        descriptor: &MessageDescriptor,
        found: &Type,
        scalar: fn(&Kind, &Type) -> bool,
    ) -> bool {
        match (self, found) {
            (Self::Value, Type::Message(message)) => Self::of(message).is_some_and(Self::is_json),
            (_, Type::Null | Type::Dyn)
            | (Self::Value, _)
            | (Self::Timestamp, Type::Timestamp | Type::String)
            | (Self::Duration, Type::Duration | Type::String)
            | (Self::FieldMask, Type::String)
            | (Self::Struct, Type::Map(..))
            | (Self::ListValue, Type::List(_))
            | (Self::Any, Type::Message(_)) => true,
            (Self::Wrapper, _) => {
                Field::numbered(descriptor, 1).is_some_and(|field| scalar(&field.kind, found))
            }
            _ => false,
        }
    }

    fn is_json(self) -> bool {
        matches!(self, Self::Struct | Self::Value | Self::ListValue)
    }
}

/// Whether null is a value of that kind and not "unset".
pub(crate) fn takes_null(kind: &Kind) -> bool {
    kind.as_message()
        .is_some_and(|message| WellKnown::of(message) == Some(WellKnown::Value))
}

fn type_url(full_name: &str) -> String {
    format!("type.googleapis.com/{full_name}")
}

/// `seconds` and `nanos`, which Timestamp and Duration share.
fn put_time(buffer: &mut Vec<u8>, seconds: i64, nanos: i32) {
    for (number, value) in [(1, seconds), (2, i64::from(nanos))] {
        if value != 0 {
            put_varint(buffer, key(number, WireType::Varint).into());
            put_varint(buffer, value as u64);
        }
    }
}

/// The bytes of a message that is a string in JSON.
fn from_json_text(descriptor: &MessageDescriptor, text: &str) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::Value::String(text.to_owned());
    Ok(descriptor.clone().deserialize(json)?.encode_to_vec())
}

impl Builder<'_, '_> {
    /// The contents of a message that has a JSON form of its own.
    pub(super) fn well_known(&mut self, node: &Node, descriptor: &MessageDescriptor, well_known: WellKnown) {
        match well_known {
            WellKnown::Timestamp => {
                self.json_text(node, descriptor, "a timestamp such as 2026-01-31T12:00:00Z");
            }
            WellKnown::Duration => self.json_text(node, descriptor, "a duration such as 1.5s"),
            WellKnown::FieldMask => {
                self.json_text(node, descriptor, "a field mask such as user.displayName,photo");
            }
            WellKnown::Wrapper => {
                if let Some(field) = Field::numbered(descriptor, 1) {
                    self.singular(&field, node);
                }
            }
            WellKnown::Struct => match &node.value {
                Yaml::Map(entries) => self.json_members(entries, descriptor),
                _ => self.expected(node, "a mapping"),
            },
            WellKnown::ListValue => match (&node.value, Field::numbered(descriptor, 1)) {
                (Yaml::List(items), Some(values)) => {
                    let element = values.element();
                    for item in items {
                        self.singular(&element, item);
                    }
                }
                _ => self.expected(node, "a list"),
            },
            WellKnown::Value => self.json_value(node, descriptor),
            WellKnown::Any => self.any(node, descriptor),
        }
    }

    fn put_key(&mut self, number: u32, wire_type: WireType) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, key(number, wire_type).into());
        self.put_bytes(&bytes);
    }

    fn json_text(&mut self, node: &Node, descriptor: &MessageDescriptor, expected: &str) {
        let Some(text) = self.constant_text(node, expected) else {
            return;
        };
        match from_json_text(descriptor, &text) {
            Ok(bytes) => self.put_bytes(&bytes),
            Err(_) => self
                .compiler
                .problem(node, format!("expected {expected}, found {text:?}")),
        }
    }

    /// The members of a `google.protobuf.Struct`.
    fn json_members(&mut self, entries: &[(Node, Node)], descriptor: &MessageDescriptor) {
        let Some(fields) = Field::numbered(descriptor, 1) else {
            return;
        };
        let Some(entry) = fields.map_entry() else { return };
        let (name, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let (name, value) = (
            Field::of_field(&name).element(),
            Field::of_field(&value).element(),
        );
        for (member, node) in entries {
            self.put_key(fields.number, WireType::LengthDelimited);
            self.nested(|builder| {
                builder.map_key(&name, member);
                builder.singular(&value, node);
            });
        }
    }

    /// A `google.protobuf.Value`: a oneof, whose member the node's own kind tells.
    fn json_value(&mut self, node: &Node, descriptor: &MessageDescriptor) {
        let number = match &node.value {
            Yaml::Null => {
                self.put_key(1, WireType::Varint);
                self.put_bytes(&[0]);
                return;
            }
            Yaml::Int(_) | Yaml::Float(_) => 2,
            Yaml::Text(_) => 3,
            Yaml::Bool(_) => 4,
            Yaml::Map(_) => 5,
            Yaml::List(_) => 6,
        };
        if let Some(field) = Field::numbered(descriptor, number) {
            self.singular(&field, node);
        }
    }

    /// A `google.protobuf.Any`: the type by `@type`, and its fields beside it.
    fn any(&mut self, node: &Node, descriptor: &MessageDescriptor) {
        let Yaml::Map(entries) = &node.value else {
            self.expected(node, "a mapping with `@type`");
            return;
        };
        let is_type = |entry: &&(Node, Node)| entry.0.text() == Some("@type");
        let Some((_, named)) = entries.iter().find(is_type) else {
            if !entries.is_empty() {
                let hint = Some("such as `\"@type\": type.googleapis.com/package.Message`".to_owned());
                self.compiler
                    .problem_hint(node, format!("{} needs `@type`", descriptor.full_name()), hint);
            }
            return;
        };
        let Some(url) = self.constant_text(named, "the name of a message type") else {
            return;
        };
        let name = url.rsplit_once('/').map_or(url.as_str(), |(_, name)| name);
        let Some(packed) = self.compiler.message_type(name) else {
            let pool = self.compiler.schema.pool().clone();
            let known: Vec<_> = pool
                .all_messages()
                .filter(|message| !message.is_map_entry())
                .collect();
            let hint = suggest::hint(name, known.iter().map(MessageDescriptor::full_name));
            self.compiler
                .problem_hint(named, format!("there is no message type `{name}`"), hint);
            return;
        };
        let url = if url.contains('/') {
            url.clone()
        } else {
            type_url(&url)
        };
        let mut bytes = Vec::new();
        put_varint(&mut bytes, key(1, WireType::LengthDelimited).into());
        put_delimited(&mut bytes, url.as_bytes());
        self.put_bytes(&bytes);
        self.put_key(2, WireType::LengthDelimited);
        let rest: Vec<_> = entries.iter().filter(|entry| !is_type(entry)).collect();
        self.nested(|builder| match (WellKnown::of(&packed), rest.as_slice()) {
            (None, _) => builder.fields(node, &rest, &packed),
            (Some(_), [(only, value)]) if only.text() == Some("value") => builder.message(value, &packed),
            (Some(_), _) => builder.compiler.problem(
                node,
                format!(
                    "a {} in an Any is written as `@type` and `value`",
                    packed.full_name()
                ),
            ),
        });
    }
}
