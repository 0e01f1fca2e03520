//! One field of a message, and what it holds, for types of Rust.

use std::collections::HashMap;
use std::fmt;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, Value};

use super::enums::{EnumTable, simple};
use super::known::{Known, KnownNames, Names};
use super::layout::LayoutId;
use super::named::field_name;

/// The layouts of a schema by the full names of their messages.
pub(super) type Ids = HashMap<Box<str>, LayoutId>;

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// An index in [`Fields::list`](super::fields::Fields::list).
    Field(u16),
    /// An index in [`Fields::oneofs`](super::fields::Fields::oneofs).
    Oneof(u16),
}

/// One field.
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(super) json_name: Box<str>,
    pub(crate) number: u32,
    /// Its index in the layout of the message.
    pub(crate) at: usize,
    pub(crate) form: Form,
    /// Whether a value that is the default differs from none.
    pub(crate) has_presence: bool,
    pub(crate) packed: bool,
    /// What is read where there is none; for a message nothing of use.
    pub(crate) default: Value,
    /// The index of its oneof in [`Fields::oneofs`](super::fields::Fields::oneofs).
    pub(crate) oneof: Option<u16>,
}

/// How many values a field has.
#[derive(Debug)]
pub(crate) enum Form {
    One(ValueType),
    List(ValueType),
    Map(Box<Entry>),
}

/// The entries of a map.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) layout: LayoutId,
    pub(crate) key: ValueType,
    pub(crate) value: ValueType,
    /// Whether a key or value that is the default is written.
    pub(crate) has_presence: bool,
}

/// What a value is.
pub(crate) struct ValueType {
    pub(crate) kind: Kind,
    pub(crate) detail: Detail,
}

/// What a kind does not tell.
#[derive(Debug)]
pub(crate) enum Detail {
    Scalar,
    Enum(Box<EnumTable>),
    Message { layout: LayoutId, group: bool },
}

/// A oneof.
#[derive(Debug)]
pub(crate) struct Oneof {
    pub(crate) name: Box<str>,
    /// Indices in [`Fields::list`](super::fields::Fields::list).
    pub(crate) members: Box<[u16]>,
    /// For each enum of Rust, the variant of each member, in the order of the members.
    pub(super) variants: Known<Box<[Option<&'static str>]>>,
    /// The member of each variant of an enum of Rust that was written.
    pub(super) written: KnownNames<u16>,
}

impl Field {
    /// Its name in JSON.
    pub(crate) fn json_name(&self) -> &str {
        &self.json_name
    }

    /// `at` is its index in the layout of its message, `oneof` in the list of oneofs.
    pub(super) fn of(field: &FieldDescriptor, at: usize, oneof: Option<u16>, ids: &Ids) -> Self {
        let kind = field.kind();
        let form = match &kind {
            Kind::Message(entry) if field.is_map() => {
                let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                Form::Map(Box::new(Entry {
                    layout: ids[entry.full_name()],
                    key: ValueType::of(&key, ids),
                    value: ValueType::of(&value, ids),
                    has_presence: key.supports_presence(),
                }))
            }
            _ if field.cardinality() == Cardinality::Repeated => Form::List(ValueType::of(field, ids)),
            _ => Form::One(ValueType::of(field, ids)),
        };
        Self {
            name: field_name(field).into(),
            json_name: field.json_name().into(),
            number: field.number(),
            at,
            form,
            has_presence: field.supports_presence(),
            packed: field.is_packed(),
            default: match kind {
                Kind::Message(_) => Value::Bool(false),
                _ => field.default_value(),
            },
            oneof,
        }
    }
}

impl ValueType {
    fn of(field: &FieldDescriptor, ids: &Ids) -> Self {
        let kind = field.kind();
        let detail = match &kind {
            Kind::Enum(enumeration) => Detail::Enum(Box::new(EnumTable::of(enumeration))),
            Kind::Message(message) => Detail::Message {
                layout: ids[message.full_name()],
                group: field.is_group(),
            },
            _ => Detail::Scalar,
        };
        Self { kind, detail }
    }
}

impl Oneof {
    /// The variant, of a Rust enum with these, for each member.
    pub(crate) fn variants_of(&self, fields: &[Field], variants: Names) -> &[Option<&'static str>] {
        self.variants.get(variants, || {
            let variant_of = |member: &u16| {
                let meant = |variant: &&&str| self.member_named(fields, variant) == Some(*member);
                variants.iter().find(meant).copied()
            };
            self.members.iter().map(variant_of).collect()
        })
    }

    /// The member that a variant of an enum of Rust names, which is worked out once.
    pub(crate) fn member_of_variant(&self, fields: &[Field], variant: &'static str) -> Option<u16> {
        self.written.get(variant, || self.member_named(fields, variant))
    }

    /// The member that a variant of an enum of Rust names: as in the proto or as in JSON, or in the case of Rust if that
    /// can mean only one.
    pub(crate) fn member_named(&self, fields: &[Field], variant: &str) -> Option<u16> {
        let field = |member: &u16| &fields[usize::from(*member)];
        let exact = |member: &&u16| {
            [&field(member).name, &field(member).json_name]
                .iter()
                .any(|name| ***name == *variant)
        };
        if let Some(member) = self.members.iter().find(exact) {
            return Some(*member);
        }
        let variant = simple(variant);
        let mut meant = self
            .members
            .iter()
            .filter(|member| simple(&field(member).name) == variant);
        let member = meant.next()?;
        meant.next().is_none().then_some(*member)
    }
}

// Names only: prost-reflect's own `Debug` does not end for a recursive type.

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.name).finish()
    }
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ValueType").field(&self.detail).finish()
    }
}
