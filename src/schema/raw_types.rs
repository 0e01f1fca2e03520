//! [`RawTypes`]: the fields of messages, looked up in the bytes of their files.
//!
//! A descriptor pool of a large schema takes hundreds of megabytes. Who asks for a few fields by name when the schema loads
//! needs none.

use std::collections::HashMap;

use super::compiled::Schema;
use super::features::{delimited, text, varint};
use super::name::{below, default_json_name};

/// The messages of a schema, by full name.
pub(crate) struct RawTypes<'s> {
    /// Where each message is defined, and whether it is the entry of a map.
    files: HashMap<&'s str, (&'s str, &'s [u8], bool)>,
}

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
    pub(crate) fn new(schema: &'s Schema) -> Self {
        let tables = schema.tables();
        let mut files = HashMap::new();
        for (file, links) in tables.files.iter().zip(&tables.links) {
            let definitions = &links.definitions;
            let messages = definitions.names.iter().filter(|(_, kind)| kind.is_message());
            for (name, kind) in messages {
                let is_map = *kind == super::definitions::SymbolKind::MapEntry;
                files
                    .entry(&**name)
                    .or_insert((&*definitions.package, &*file.descriptor, is_map));
            }
        }
        Self { files }
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
                Some((_, _, true)) => RawKind::Map,
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
        let Some(&(package, file, _)) = self.files.get(message) else {
            return Vec::new();
        };
        let mut names = below(package, message).unwrap_or_default().split('.');
        let mut messages = delimited(file, 4);
        loop {
            let name = names.next();
            let Some(found) = messages.into_iter().find(|found| Some(text(found, 1)) == name) else {
                return Vec::new();
            };
            if names.clone().next().is_none() {
                return delimited(found, 2);
            }
            messages = delimited(found, 3);
        }
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
