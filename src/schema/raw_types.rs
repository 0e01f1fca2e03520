//! [`RawTypes`]: the fields of messages, looked up in the bytes of their files.
//!
//! A descriptor pool of a large schema takes hundreds of megabytes. Who asks for a few fields by name when the schema loads
//! needs none.

use std::cell::RefCell;
use std::collections::HashMap;

use super::compiled::Schema;
use super::definitions::SymbolKind;
use super::features::{delimited, text, varint};
use super::name::default_json_name;
use super::tables::Tables;

/// The messages of a schema, by full name.
pub(crate) struct RawTypes<'s> {
    tables: &'s Tables,
    /// The file in which each message is defined, by its place, and whether it is the entry of a map.
    files: HashMap<&'s str, (usize, bool)>,
    /// The descriptors of messages by their own names, in the scope of a file's package or of a message in it. Those of a scope
    /// are read when the first of them is asked for: there may be thousands.
    scopes: RefCell<HashMap<(usize, &'s str), Siblings<'s>>>,
}

/// The descriptors of the messages of one scope, by name.
type Siblings<'s> = HashMap<&'s str, &'s [u8]>;

/// What a descriptor says of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawField {
    pub(crate) name: String,
    pub(crate) json_name: String,
    pub(crate) kind: RawKind,
    pub(crate) is_repeated: bool,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawKind {
    /// A number, a text, bytes or an enum.
    Scalar,
    /// A message of this full name.
    Message(String),
    Map,
}

/// The numbers of `FieldDescriptorProto.Type`.
const TYPE_GROUP: u64 = 10;
const TYPE_MESSAGE: u64 = 11;
/// That of `FieldDescriptorProto.Label`.
const LABEL_REPEATED: u64 = 3;

impl<'s> RawTypes<'s> {
    /// All messages.
    pub(crate) fn new(schema: &'s Schema) -> Self {
        Self::seen_from(schema, 0..schema.files().len())
    }

    /// Those of some files, given by their places, and of all that they import.
    pub(crate) fn seen_from(schema: &'s Schema, files: impl IntoIterator<Item = usize>) -> Self {
        let tables = schema.tables();
        let seen = tables.closure(files);
        let mut files = HashMap::new();
        for file in seen {
            let names = tables.links[file].definitions.names.iter();
            for (name, kind) in names.filter(|(_, kind)| kind.is_message()) {
                let is_map = *kind == SymbolKind::MapEntry;
                files.entry(&**name).or_insert((file, is_map));
            }
        }
        Self {
            tables,
            files,
            scopes: RefCell::default(),
        }
    }

    /// The field of a message that its proto calls `name`.
    pub(crate) fn field(&self, message: &str, name: &str) -> Option<RawField> {
        let fields = self.descriptors(message).into_iter();
        let mut fields = fields.filter(|field| text(field, 1) == name);
        fields.next().map(|field| self.read(field))
    }

    /// All fields of a message.
    pub(crate) fn fields(&self, message: &str) -> Vec<RawField> {
        let fields = self.descriptors(message).into_iter();
        fields.map(|field| self.read(field)).collect()
    }

    fn read(&self, field: &[u8]) -> RawField {
        let name = text(field, 1).to_owned();
        let held = text(field, 6);
        let held = held.strip_prefix('.').unwrap_or(held);
        let kind = match varint(field, 5) {
            Some(TYPE_GROUP | TYPE_MESSAGE) => match self.files.get(held) {
                Some((_, true)) => RawKind::Map,
                _ => RawKind::Message(held.to_owned()),
            },
            _ => RawKind::Scalar,
        };
        RawField {
            json_name: match text(field, 10) {
                "" => default_json_name(&name),
                given => given.to_owned(),
            },
            name,
            is_repeated: kind != RawKind::Map && varint(field, 4) == Some(LABEL_REPEATED),
            kind,
        }
    }

    /// The descriptors of a message's fields.
    fn descriptors(&self, message: &str) -> Vec<&'s [u8]> {
        let message = self.descriptor(message);
        message.map(|message| delimited(message, 2)).unwrap_or_default()
    }

    fn descriptor(&self, message: &str) -> Option<&'s [u8]> {
        let (full_name, &(file, _)) = self.files.get_key_value(message)?;
        let (scope, name) = full_name.rsplit_once('.').unwrap_or(("", full_name));
        if let Some(known) = self.scopes.borrow().get(&(file, scope)) {
            return known.get(name).copied();
        }
        let siblings = if scope == &*self.tables.links[file].definitions.package {
            delimited(&self.tables.files[file].descriptor, 4)
        } else {
            delimited(self.descriptor(scope)?, 3)
        };
        let siblings = siblings.into_iter().map(|message| (text(message, 1), message));
        let siblings: Siblings<'_> = siblings.collect();
        let found = siblings.get(name).copied();
        self.scopes.borrow_mut().insert((file, scope), siblings);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_every_depth() {
        let schema = Schema::from_source(
            "a.proto",
            r#"syntax = "proto3"; package a.b;
            message M {
                message Inner { string some_name = 1; M up = 2 [json_name = "over"]; }
                repeated Inner inner = 1; map<string, Inner> by_name = 2; E e = 3;
            }
            enum E { ZERO = 0; }
            message Inner {}"#,
        )
        .expect("it loads");
        let types = RawTypes::new(&schema);
        let of = |message, name| types.field(message, name).expect("a field");
        assert_eq!(of("a.b.M.Inner", "some_name").json_name, "someName");
        assert_eq!(of("a.b.M.Inner", "some_name").kind, RawKind::Scalar);
        assert_eq!(of("a.b.M.Inner", "up").json_name, "over");
        assert_eq!(of("a.b.M.Inner", "up").kind, RawKind::Message("a.b.M".to_owned()));
        let inner = of("a.b.M", "inner");
        assert!(inner.is_repeated);
        assert_eq!(inner.kind, RawKind::Message("a.b.M.Inner".to_owned()));
        assert_eq!(of("a.b.M", "by_name").kind, RawKind::Map);
        assert!(!of("a.b.M", "by_name").is_repeated);
        assert_eq!(of("a.b.M", "e").kind, RawKind::Scalar);
        assert_eq!(types.fields("a.b.M").len(), 3);
        for (message, name) in [
            ("a.b.M", "none"),
            ("a.b.Inner", "up"),
            ("a.b.N", "a"),
            ("b.M", "e"),
        ] {
            assert_eq!(types.field(message, name), None, "{message} {name}");
        }
    }
}
