//! The fields of a message as JSON has them: by name for who reads JSON, by number for who writes it.
//!
//! These tables are made for a message when it is first read from JSON or written as JSON. With them neither needs
//! descriptors. Fields and extensions are in one list, in the order of the [`Layout`], so that both know a field by the same
//! index.

use std::fmt;

use prost_reflect::{Cardinality, ExtensionDescriptor, FieldDescriptor, Kind};

use super::enums::EnumTable;
use super::field::Ids;
use super::layout::{Layout, LayoutId, Shape};
use super::named::field_name;
use super::well_known::{WellKnown, is_null_value};

/// The fields of one message type.
#[derive(Debug)]
pub(crate) struct JsonFields {
    pub(crate) well_known: Option<WellKnown>,
    /// In the order of their numbers, extensions too.
    pub(crate) list: Box<[JsonField]>,
    /// The names of the oneofs that were written as such.
    pub(crate) oneofs: Box<[Box<str>]>,
    /// The enums of the fields.
    pub(crate) enums: Box<[EnumTable]>,
    /// All names that a field can have in JSON, sorted.
    by_name: Box<[(Box<str>, usize)]>,
}

/// One field.
pub(crate) struct JsonField {
    /// As JSON calls it.
    pub(crate) name: Box<str>,
    /// The name as it is printed, with its quotes and the colon.
    pub(crate) printed_name: Box<str>,
    pub(crate) number: u32,
    /// The key of one value on the wire.
    pub(crate) key: u32,
    pub(crate) form: JsonForm,
    /// Of one value; of a map that of its values.
    pub(crate) kind: JsonKind,
    /// Whether a value that is the default differs from none.
    pub(crate) has_presence: bool,
    /// The index of its oneof in [`JsonFields::oneofs`].
    pub(crate) oneof: Option<usize>,
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonForm {
    One,
    List { packed: bool },
    Map { key: JsonKind },
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonKind {
    Bool,
    Int32,
    Sint32,
    Sfixed32,
    Uint32,
    Fixed32,
    Int64,
    Sint64,
    Sfixed64,
    Uint64,
    Fixed64,
    Float,
    Double,
    String,
    Bytes,
    /// `google.protobuf.NullValue`.
    Null,
    /// Its index in [`JsonFields::enums`].
    Enum(u32),
    Message(LayoutId),
    Group(LayoutId),
}

impl JsonKind {
    /// The low three bits of the key of a value.
    pub(crate) fn wire_type(self) -> u32 {
        self.shape().wire_type()
    }

    /// What a value looks like on the wire, apart from what is checked of it.
    fn shape(self) -> Shape {
        match self {
            Self::Sfixed32 | Self::Fixed32 | Self::Float => Shape::Fixed32,
            Self::Sfixed64 | Self::Fixed64 | Self::Double => Shape::Fixed64,
            Self::String | Self::Bytes => Shape::Bytes,
            Self::Message(id) => Shape::Message(id),
            Self::Group(id) => Shape::Group(id),
            _ => Shape::Varint,
        }
    }
}

/// A field or an extension, as far as they are alike.
struct Declared {
    number: u32,
    kind: Kind,
    group: bool,
    repeated: bool,
    packed: bool,
    has_presence: bool,
    json_name: String,
    /// What the field is called in the proto; an extension has no other name in JSON.
    name: Option<String>,
    oneof: Option<usize>,
}

impl JsonFields {
    pub(super) fn of(layout: &Layout, ids: &Ids) -> Self {
        let message = &layout.descriptor;
        let oneofs: Vec<_> = message.oneofs().filter(|oneof| !oneof.is_synthetic()).collect();
        let own = message.fields().map(|field| {
            let oneof = field.containing_oneof();
            let oneof = oneof.and_then(|oneof| oneofs.iter().position(|known| *known == oneof));
            Declared::field(&field, oneof)
        });
        let extensions = message
            .extensions()
            .map(|extension| Declared::extension(&extension));
        let mut declared: Vec<Declared> = own.chain(extensions).collect();
        declared.sort_by_key(|field| field.number);

        let mut enums = Vec::new();
        let (mut json_names, mut names) = (Vec::new(), Vec::new());
        let mut list = Vec::with_capacity(declared.len());
        for (field, index) in declared.into_iter().zip(0..) {
            json_names.push((field.json_name.as_str().into(), index));
            if let Some(name) = &field.name {
                names.push((name.as_str().into(), index));
            }
            list.push(field.into_field(ids, &mut enums));
        }
        // The sort is stable: a name of JSON counts before another field's name in the proto.
        let mut by_name: Vec<(Box<str>, usize)> = json_names;
        by_name.extend(names);
        by_name.sort_by(|(one, _), (other, _)| one.cmp(other));
        by_name.dedup_by(|(one, _), (other, _)| one == other);
        Self {
            well_known: WellKnown::of(message),
            list: list.into(),
            oneofs: oneofs.iter().map(|oneof| oneof.name().into()).collect(),
            enums: enums.into(),
            by_name: by_name.into(),
        }
    }

    /// The index of the field that has this name in JSON or in the proto. `guess` is the index that is tried first.
    #[inline]
    pub(crate) fn named(&self, name: &str, guess: usize) -> Option<usize> {
        if self.list.get(guess).is_some_and(|field| *field.name == *name) {
            return Some(guess);
        }
        let found = self.by_name.binary_search_by(|(known, _)| (**known).cmp(name));
        Some(self.by_name[found.ok()?].1)
    }
}

impl Declared {
    fn field(field: &FieldDescriptor, oneof: Option<usize>) -> Self {
        Self {
            number: field.number(),
            kind: field.kind(),
            group: field.is_group(),
            repeated: field.cardinality() == Cardinality::Repeated,
            packed: field.is_packed(),
            has_presence: field.supports_presence(),
            json_name: field.json_name().to_owned(),
            name: Some(field_name(field).to_owned()),
            oneof,
        }
    }

    fn extension(extension: &ExtensionDescriptor) -> Self {
        Self {
            number: extension.number(),
            kind: extension.kind(),
            group: extension.is_group(),
            repeated: extension.cardinality() == Cardinality::Repeated,
            packed: extension.is_packed(),
            has_presence: extension.supports_presence(),
            json_name: extension.json_name().to_owned(),
            name: None,
            oneof: None,
        }
    }

    fn into_field(self, ids: &Ids, enums: &mut Vec<EnumTable>) -> JsonField {
        let mut kind_of = |kind: &Kind, group: bool| JsonKind::of(kind, group, ids, enums);
        let (form, kind) = match &self.kind {
            Kind::Message(entry) if self.repeated && entry.is_map_entry() => {
                let key = kind_of(&entry.map_entry_key_field().kind(), false);
                let value = entry.map_entry_value_field();
                (JsonForm::Map { key }, kind_of(&value.kind(), value.is_group()))
            }
            kind if self.repeated => {
                let packed = self.packed;
                (JsonForm::List { packed }, kind_of(kind, self.group))
            }
            kind => (JsonForm::One, kind_of(kind, self.group)),
        };
        let wire_type = match form {
            JsonForm::Map { .. } => JsonKind::Bytes.wire_type(),
            _ => kind.wire_type(),
        };
        JsonField {
            printed_name: format!("{}:", serde_json::Value::from(self.json_name.as_str())).into(),
            name: self.json_name.into(),
            number: self.number,
            key: self.number << 3 | wire_type,
            form,
            kind,
            has_presence: self.has_presence,
            oneof: self.oneof,
        }
    }
}

impl JsonKind {
    fn of(kind: &Kind, group: bool, ids: &Ids, enums: &mut Vec<EnumTable>) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::Int32 => Self::Int32,
            Kind::Sint32 => Self::Sint32,
            Kind::Sfixed32 => Self::Sfixed32,
            Kind::Uint32 => Self::Uint32,
            Kind::Fixed32 => Self::Fixed32,
            Kind::Int64 => Self::Int64,
            Kind::Sint64 => Self::Sint64,
            Kind::Sfixed64 => Self::Sfixed64,
            Kind::Uint64 => Self::Uint64,
            Kind::Fixed64 => Self::Fixed64,
            Kind::Float => Self::Float,
            Kind::Double => Self::Double,
            Kind::String => Self::String,
            Kind::Bytes => Self::Bytes,
            Kind::Enum(enumeration) if is_null_value(enumeration) => Self::Null,
            Kind::Enum(enumeration) => {
                enums.push(EnumTable::of(enumeration));
                Self::Enum(enums.len() as u32 - 1)
            }
            Kind::Message(message) => {
                let id = ids[message.full_name()];
                if group { Self::Group(id) } else { Self::Message(id) }
            }
        }
    }
}

/// Only the name, which is enough in a list of them.
impl fmt::Debug for JsonField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonField").field(&self.name).finish()
    }
}
