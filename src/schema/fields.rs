//! The fields of a message by name, for types of Rust.
//!
//! [`Layout`]s know fields by number, which is all that bytes need. These tables are made for a message when a type of
//! Rust is first read from it or written to it.

use std::sync::OnceLock;

use super::field::{Field, Ids, Named, Oneof};
use super::keys::StructKeys;
use super::known::{Known, KnownNames, Names};
use super::layout::Layout;
use super::well_known::WellKnown;

/// The fields of one message type.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) full_name: Box<str>,
    pub(crate) well_known: Option<WellKnown>,
    /// In the order of their numbers. Extensions have no names here.
    pub(crate) list: Box<[Field]>,
    /// Those that were written as such.
    pub(crate) oneofs: Box<[Oneof]>,
    /// All names of fields and oneofs, sorted.
    by_name: Box<[(Box<str>, Named)]>,
    /// For each struct of Rust, which field is which of its own.
    structs: Known<StructKeys>,
    /// The same for maps, which have all fields.
    all: OnceLock<StructKeys>,
}

/// Names that the standard library's types have for the fields of two well-known ones.
const STANDARD_NAMES: [(&str, &str, &str); 3] = [
    ("google.protobuf.Duration", "secs", "seconds"),
    ("google.protobuf.Timestamp", "secs_since_epoch", "seconds"),
    ("google.protobuf.Timestamp", "nanos_since_epoch", "nanos"),
];

impl Fields {
    pub(super) fn of(layout: &Layout, ids: &Ids) -> Self {
        let message = &layout.descriptor;
        let oneofs: Vec<_> = message.oneofs().filter(|oneof| !oneof.is_synthetic()).collect();
        // By number, as in the layout.
        let mut list: Vec<Field> = message
            .fields()
            .map(|field| {
                let at = layout
                    .field_index(field.number())
                    .expect("a layout has all fields");
                let oneof = field
                    .containing_oneof()
                    .and_then(|oneof| oneofs.iter().position(|known| *known == oneof));
                Field::of(&field, at, oneof.map(|index| index as u16), ids)
            })
            .collect();
        list.sort_by_key(|field| field.number);
        let list = list.into_boxed_slice();
        let oneofs: Box<[Oneof]> = oneofs
            .iter()
            .zip(0..)
            .map(|(oneof, index)| Oneof {
                name: oneof.name().into(),
                members: (0..)
                    .zip(&list)
                    .filter_map(|(at, field)| (field.oneof == Some(index)).then_some(at))
                    .collect(),
                variants: Known::default(),
                written: KnownNames::default(),
            })
            .collect();
        let mut by_name: Vec<(Box<str>, Named)> = Vec::new();
        let named = || list.iter().zip((0..).map(Named::Field));
        by_name.extend(named().map(|(field, named)| (field.name.clone(), named)));
        by_name.extend(
            (0..)
                .zip(&oneofs)
                .map(|(index, oneof)| (oneof.name.clone(), Named::Oneof(index))),
        );
        // A name of the proto counts before another field's name in JSON: the sort is stable.
        by_name.extend(named().map(|(field, named)| (field.json_name.clone(), named)));
        for (type_name, standard, name) in STANDARD_NAMES {
            if type_name == message.full_name()
                && let Some((_, named)) = by_name.iter().find(|(known, _)| **known == *name)
            {
                by_name.push((standard.into(), *named));
            }
        }
        by_name.sort_by(|(one, _), (other, _)| one.cmp(other));
        by_name.dedup_by(|(one, _), (other, _)| one == other);
        Self {
            full_name: message.full_name().into(),
            well_known: WellKnown::of(message),
            list,
            oneofs,
            by_name: by_name.into(),
            structs: Known::default(),
            all: OnceLock::new(),
        }
    }

    /// The field or oneof that a program calls `name`, as in the proto or as in JSON.
    pub(crate) fn named(&self, name: &str) -> Option<Named> {
        let found = self
            .by_name
            .binary_search_by(|(known, _)| (**known).cmp(name))
            .ok()?;
        Some(self.by_name[found].1)
    }

    /// All names of the proto, for hints.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let fields = self.list.iter().map(|field| &*field.name);
        fields.chain(self.oneofs.iter().map(|oneof| &*oneof.name))
    }

    pub(crate) fn field(&self, index: u16) -> &Field {
        &self.list[usize::from(index)]
    }

    /// Which field is which of a struct with fields of these names.
    #[inline]
    pub(crate) fn keys_of(&self, names: Names) -> &StructKeys {
        self.structs.get(names, || self.keys(names.iter().copied()))
    }

    /// All fields, by the names of the proto.
    pub(crate) fn all_keys(&self) -> &StructKeys {
        self.all
            .get_or_init(|| self.keys(self.list.iter().map(|field| &*field.name)))
    }

    fn keys<'n>(&self, names: impl Iterator<Item = &'n str>) -> StructKeys {
        let named = names.filter_map(|name| Some((name, self.named(name)?)));
        StructKeys::new(&self.list, &self.oneofs, named)
    }
}
