//! Paths of fields, as violations name them: `items[2].sku` in a message, `int32.gt` among rules.

use std::fmt::Write as _;
use std::sync::Arc;

use prost_reflect::{ExtensionDescriptor, FieldDescriptor, Kind, OneofDescriptor};

use crate::excerpt::excerpt;
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::schema::field_name;

/// A `buf.validate.FieldPathElement` without its subscript. Made at load.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathElement {
    /// `None` for a oneof.
    number: Option<u32>,
    name: Box<str>,
    /// Values of `google.protobuf.FieldDescriptorProto.Type`: the field's own, and for a map those of keys and values.
    field_type: Option<u8>,
    entry_types: Option<(u8, u8)>,
}

/// Where in a list or a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subscript {
    Index(u64),
    Bool(bool),
    Int(i64),
    Uint(u64),
    Text(Box<str>),
}

/// One step of a path.
#[derive(Debug, Clone)]
pub(super) struct PathStep {
    pub(super) element: Arc<PathElement>,
    pub(super) subscript: Option<Subscript>,
}

impl PathElement {
    pub(super) fn of_field(field: &FieldDescriptor) -> Self {
        let entry_types = match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                Some((type_of(&key.kind(), false), type_of(&value.kind(), false)))
            }
            _ => None,
        };
        Self {
            number: Some(field.number()),
            name: field_name(field).into(),
            field_type: Some(type_of(&field.kind(), field.is_group())),
            entry_types,
        }
    }

    pub(super) fn of_extension(extension: &ExtensionDescriptor) -> Self {
        Self {
            number: Some(extension.number()),
            name: format!("[{}]", extension.full_name()).into(),
            field_type: Some(type_of(&extension.kind(), extension.is_group())),
            entry_types: None,
        }
    }

    pub(super) fn is_extension(&self) -> bool {
        self.name.starts_with('[')
    }

    pub(super) fn is_named(&self, names: &[&str]) -> bool {
        names.contains(&&*self.name)
    }

    pub(super) fn of_oneof(oneof: &OneofDescriptor) -> Self {
        Self {
            number: None,
            name: oneof.name().into(),
            field_type: None,
            entry_types: None,
        }
    }
}

impl PathStep {
    pub(super) fn new(element: &Arc<PathElement>, subscript: Option<Subscript>) -> Self {
        Self {
            element: Arc::clone(element),
            subscript,
        }
    }

    /// Appends a `buf.validate.FieldPathElement`.
    fn encode(&self, buffer: &mut Vec<u8>) {
        let element = &self.element;
        let mut put = |field, value: u64| {
            put_varint(buffer, key(field, WireType::Varint).into());
            put_varint(buffer, value);
        };
        if let Some(number) = element.number {
            put(1, number.into());
        }
        if let Some(field_type) = element.field_type {
            put(3, field_type.into());
        }
        if let (Some((key_type, value_type)), Some(_)) = (element.entry_types, &self.subscript) {
            put(4, key_type.into());
            put(5, value_type.into());
        }
        match &self.subscript {
            Some(Subscript::Index(index)) => put(6, *index),
            Some(Subscript::Bool(key)) => put(7, (*key).into()),
            Some(Subscript::Int(key)) => put(8, key.cast_unsigned()),
            Some(Subscript::Uint(key)) => put(9, *key),
            Some(Subscript::Text(_)) | None => {}
        }
        put_text(buffer, 2, &element.name);
        if let Some(Subscript::Text(text)) = &self.subscript {
            put_text(buffer, 10, &excerpt(text));
        }
    }
}

/// A path as text.
pub(super) fn path_text(path: &[PathStep]) -> String {
    let mut text = String::new();
    for step in path {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(&step.element.name);
        let written = match &step.subscript {
            None => Ok(()),
            Some(Subscript::Index(index)) => write!(text, "[{index}]"),
            Some(Subscript::Bool(key)) => write!(text, "[{key}]"),
            Some(Subscript::Int(key)) => write!(text, "[{key}]"),
            Some(Subscript::Uint(key)) => write!(text, "[{key}]"),
            Some(Subscript::Text(key)) => write!(text, "[{:?}]", excerpt(key)),
        };
        written.expect("a String takes all text");
    }
    text
}

/// Appends a field that holds a `buf.validate.FieldPath`, unless the path is empty.
pub(super) fn put_path(buffer: &mut Vec<u8>, field: u32, path: &[PathStep]) {
    if path.is_empty() {
        return;
    }
    let mut elements = Vec::new();
    for step in path {
        let mut element = Vec::new();
        step.encode(&mut element);
        put_field(&mut elements, 1, &element);
    }
    put_field(buffer, field, &elements);
}

/// Appends a field of text.
pub(super) fn put_text(buffer: &mut Vec<u8>, field: u32, text: &str) {
    put_field(buffer, field, text.as_bytes());
}

/// Appends a field that is length-delimited.
pub(super) fn put_field(buffer: &mut Vec<u8>, field: u32, contents: &[u8]) {
    put_varint(buffer, key(field, WireType::LengthDelimited).into());
    put_delimited(buffer, contents);
}

/// The value of `google.protobuf.FieldDescriptorProto.Type`.
fn type_of(kind: &Kind, is_group: bool) -> u8 {
    match kind {
        Kind::Double => 1,
        Kind::Float => 2,
        Kind::Int64 => 3,
        Kind::Uint64 => 4,
        Kind::Int32 => 5,
        Kind::Fixed64 => 6,
        Kind::Fixed32 => 7,
        Kind::Bool => 8,
        Kind::String => 9,
        Kind::Message(_) if is_group => 10,
        Kind::Message(_) => 11,
        Kind::Bytes => 12,
        Kind::Uint32 => 13,
        Kind::Enum(_) => 14,
        Kind::Sfixed32 => 15,
        Kind::Sfixed64 => 16,
        Kind::Sint32 => 17,
        Kind::Sint64 => 18,
    }
}
