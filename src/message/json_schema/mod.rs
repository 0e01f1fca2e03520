//! Messages and enums as JSON Schema 2020-12, as ProtoJSON has them.
//!
//! Each type is a schema of its own, which others refer to, so a type may contain itself. The comments of the protos are
//! the descriptions.

mod comments;
#[cfg(all(test, feature = "admin"))]
mod tests;

use std::collections::{BTreeMap, HashSet};

use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

pub(crate) use self::comments::Comments;
use crate::schema::{WellKnown, field_name};

/// Which words the reader of a schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Those of an OpenAPI document, which has its schemas under `components` and formats for the types of numbers.
    OpenApi,
    /// Those of JSON Schema alone: a schema has those that it refers to under `$defs`.
    #[cfg_attr(
        not(feature = "admin"),
        expect(dead_code, reason = "only the admin service has plain ones")
    )]
    Plain,
}

/// The schemas of a document, by the full names of their types.
pub(crate) struct Schemas<'c> {
    dialect: Dialect,
    comments: &'c Comments,
    done: BTreeMap<String, Value>,
    /// The types that others refer to.
    waiting: Vec<Type>,
    known: HashSet<String>,
}

enum Type {
    Message(MessageDescriptor),
    Enum(EnumDescriptor),
}

impl<'c> Schemas<'c> {
    pub(crate) fn new(comments: &'c Comments, dialect: Dialect) -> Self {
        Self {
            dialect,
            comments,
            done: BTreeMap::new(),
            waiting: Vec::new(),
            known: HashSet::new(),
        }
    }

    /// All schemas that were asked for, and those that they refer to.
    pub(crate) fn finish(mut self) -> BTreeMap<String, Value> {
        while let Some(next) = self.waiting.pop() {
            let (name, schema) = match &next {
                Type::Message(message) => (message.full_name(), self.object(message)),
                Type::Enum(enumeration) => (enumeration.full_name(), self.names(enumeration)),
            };
            self.done.insert(name.to_owned(), schema);
        }
        self.done
    }

    /// A schema with a name of its own.
    pub(crate) fn define(&mut self, name: &str, schema: Value) -> Value {
        if self.known.insert(name.to_owned()) {
            self.done.insert(name.to_owned(), schema);
        }
        self.reference(name)
    }

    /// The schema of a message.
    pub(crate) fn message(&mut self, message: &MessageDescriptor) -> Value {
        match WellKnown::of(message) {
            Some(WellKnown::Any) => any(),
            Some(WellKnown::Duration) => {
                json!({ "type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$" })
            }
            Some(WellKnown::Empty) => json!({ "type": "object" }),
            Some(WellKnown::FieldMask) => json!({ "type": "string" }),
            Some(WellKnown::ListValue) => json!({ "type": "array", "items": {} }),
            Some(WellKnown::Struct) => json!({ "type": "object", "additionalProperties": true }),
            Some(WellKnown::Timestamp) => json!({ "type": "string", "format": "date-time" }),
            Some(WellKnown::Value) => json!({}),
            Some(WellKnown::Wrapper) => {
                let value = message.get_field(1).map(|field| self.kind(&field.kind()));
                let mut schema = value.unwrap_or_else(|| json!({}));
                if let Some(kind) = schema.get("type").cloned() {
                    // What has several types in JSON already may be null as well.
                    schema["type"] = match kind {
                        Value::Array(kinds) => kinds.into_iter().chain(["null".into()]).collect(),
                        kind => json!([kind, "null"]),
                    };
                }
                schema
            }
            None => {
                if self.known.insert(message.full_name().to_owned()) {
                    self.waiting.push(Type::Message(message.clone()));
                }
                self.reference(message.full_name())
            }
        }
    }

    /// The schema of a field, with what its proto says of it.
    pub(crate) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let kind = field.kind();
        let mut schema = match &kind {
            Kind::Message(entry) if field.is_map() => {
                json!({ "type": "object", "additionalProperties": self.kind(&entry.map_entry_value_field().kind()) })
            }
            _ if field.cardinality() == Cardinality::Repeated => {
                json!({ "type": "array", "items": self.kind(&kind) })
            }
            _ => self.kind(&kind),
        };
        if let Some(text) = self
            .comments
            .of(&field.parent_message().parent_file(), field.path())
        {
            schema["description"] = text.into();
        }
        let options = field.field_descriptor_proto().options.as_ref();
        if options.is_some_and(prost_types::FieldOptions::deprecated) {
            schema["deprecated"] = true.into();
        }
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Message(message) => self.message(message),
            Kind::Enum(enumeration) if enumeration.full_name() == "google.protobuf.NullValue" => {
                json!({ "type": "null" })
            }
            Kind::Enum(enumeration) => {
                if self.known.insert(enumeration.full_name().to_owned()) {
                    self.waiting.push(Type::Enum(enumeration.clone()));
                }
                self.reference(enumeration.full_name())
            }
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            number => match self.dialect {
                Dialect::OpenApi => by_format(number),
                Dialect::Plain => by_range(number),
            },
        }
    }

    fn reference(&self, name: &str) -> Value {
        let definitions = match self.dialect {
            Dialect::OpenApi => "components/schemas",
            Dialect::Plain => "$defs",
        };
        json!({ "$ref": format!("#/{definitions}/{name}") })
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields() {
            properties.insert(field.json_name().to_owned(), self.field(&field));
            if field.cardinality() == Cardinality::Required {
                required.push(Value::from(field.json_name()));
            }
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        let choices: Vec<String> = message
            .oneofs()
            .filter(|oneof| !oneof.is_synthetic())
            .map(|oneof| {
                let fields: Vec<String> = oneof
                    .fields()
                    .map(|field| format!("`{}`", field_name(&field)))
                    .collect();
                format!("At most one of {} is set.", fields.join(", "))
            })
            .collect();
        let text = self.comments.of(&message.parent_file(), message.path());
        let text: Vec<String> = text.into_iter().chain(choices).collect();
        if !text.is_empty() {
            schema["description"] = text.join("\n\n").into();
        }
        schema
    }

    fn names(&self, enumeration: &EnumDescriptor) -> Value {
        let mut names: Vec<String> = Vec::new();
        let mut lines = Vec::new();
        for value in enumeration.values() {
            let text = self.comments.of(&enumeration.parent_file(), value.path());
            lines.extend(text.map(|text| format!("- `{}`: {}", value.name(), text.replace('\n', " "))));
            names.push(value.name().to_owned());
        }
        let mut schema = json!({ "type": "string", "enum": names });
        let text = self.comments.of(&enumeration.parent_file(), enumeration.path());
        let lines = (!lines.is_empty()).then(|| lines.join("\n"));
        let text: Vec<String> = text.into_iter().chain(lines).collect();
        if !text.is_empty() {
            schema["description"] = text.join("\n\n").into();
        }
        schema
    }
}

/// The schema of a message as a document of its own. Without names of fields that it does not have, if it is `closed`.
#[cfg(feature = "admin")]
pub(crate) fn document(message: &MessageDescriptor, comments: &Comments, closed: bool) -> Value {
    let mut schemas = Schemas::new(comments, Dialect::Plain);
    let mut document = schemas.object(message);
    let mut definitions = schemas.finish();
    if closed {
        for schema in definitions.values_mut().chain([&mut document]) {
            if schema["type"] == "object" {
                schema["additionalProperties"] = false.into();
            }
        }
    }
    if !definitions.is_empty() {
        document["$defs"] = json!(definitions);
    }
    document
}

/// A message of any type.
pub(crate) fn any() -> Value {
    json!({
        "type": "object",
        "properties": { "@type": { "type": "string" } },
        "additionalProperties": true,
    })
}

/// Numbers, by the formats that OpenAPI has.
fn by_format(kind: &Kind) -> Value {
    match kind {
        Kind::Double => json!({ "type": ["number", "string"], "format": "double" }),
        Kind::Float => json!({ "type": ["number", "string"], "format": "float" }),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({ "type": "string", "format": "int64" }),
        Kind::Uint64 | Kind::Fixed64 => json!({ "type": "string", "format": "uint64" }),
        Kind::Uint32 | Kind::Fixed32 => json!({ "type": "integer", "format": "uint32", "minimum": 0 }),
        _ => json!({ "type": "integer", "format": "int32" }),
    }
}

/// Numbers, by what they may be.
fn by_range(kind: &Kind) -> Value {
    match kind {
        Kind::Double | Kind::Float => json!({ "type": ["number", "string"] }),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({ "type": "string", "pattern": "^-?[0-9]+$" }),
        Kind::Uint64 | Kind::Fixed64 => json!({ "type": "string", "pattern": "^[0-9]+$" }),
        Kind::Uint32 | Kind::Fixed32 => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        _ => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
    }
}
