//! Templates of the well-known types, which ProtoJSON writes in forms of their own.

use prost_reflect::MessageDescriptor;

use super::builder::Builder;
use crate::cel::{FieldInfo, JsonForm, from_json_text, type_url};
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::rules::compile::time_hint::json_text_hint;
use crate::rules::compile::values::each::is_loop;
use crate::suggest;
use crate::yaml::{Node, Yaml};

impl Builder<'_, '_> {
    /// The contents of a message that has a JSON form of its own.
    pub(super) fn well_known(&mut self, node: &Node, descriptor: &MessageDescriptor, well_known: JsonForm) {
        match well_known {
            JsonForm::Timestamp => {
                self.json_text(node, descriptor, "a timestamp such as 2026-01-31T12:00:00Z");
            }
            JsonForm::Duration => self.json_text(node, descriptor, "a duration such as 1.5s"),
            JsonForm::FieldMask => {
                self.json_text(node, descriptor, "a field mask such as user.displayName,photo");
            }
            JsonForm::Wrapper => {
                if let Some(field) = FieldInfo::numbered(descriptor, 1) {
                    self.singular(&field, node);
                }
            }
            // The fields of a struct are a map, and the values of a list are a list.
            JsonForm::Struct | JsonForm::ListValue => {
                if let Some(field) = FieldInfo::numbered(descriptor, 1) {
                    self.repeated(&field, node);
                }
            }
            JsonForm::Value => self.json_value(node, descriptor),
            JsonForm::Any => self.any(node, descriptor),
        }
    }

    fn put_key(&mut self, number: u32, wire_type: WireType) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, key(number, wire_type).into());
        self.put_bytes(&bytes);
    }

    fn json_text(&mut self, node: &Node, descriptor: &MessageDescriptor, expected: &str) {
        if node.text().is_none() {
            let message = format!("expected {expected}, found {}", node.kind());
            let hint = json_text_hint(node, descriptor);
            self.compiler.problem_hint(node, message, hint);
            return;
        }
        let Some(text) = self.constant_text(node, expected, descriptor) else {
            return;
        };
        if let Ok(bytes) = from_json_text(descriptor, &text) {
            self.put_bytes(&bytes);
        } else {
            let message = format!("expected {expected}, found {text:?}");
            let hint = json_text_hint(node, descriptor);
            self.compiler.problem_hint(node, message, hint);
        }
    }

    /// A `google.protobuf.Value`: a oneof, whose member follows from the kind of the node.
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
            Yaml::Map(_) if is_loop(node) && node.get("key").is_none() => 6,
            Yaml::Map(_) => 5,
            Yaml::List(_) => 6,
        };
        if let Some(field) = FieldInfo::numbered(descriptor, number) {
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
        let Some(url) = self.constant_text(named, "the name of a message type", descriptor) else {
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
        self.nested(|builder| match (JsonForm::of(&packed), rest.as_slice()) {
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
