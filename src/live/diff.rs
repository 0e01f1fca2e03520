//! What a swap changes, for the log.
//!
//! Services, methods and rules that come and go, and every change to a method, a message or an enum that an old
//! client would not understand. What is compatible, such as a new optional field, is not told.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::schema::{Method, Schema};

/// One difference between two generations. Its `Display` is a line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Added(Item, String),
    /// It is not there any more.
    Removed(Item, String),
    /// It means something else than before.
    Changed {
        /// What it is.
        item: Item,
        /// Its full name.
        name: String,
        /// What about it changed.
        what: &'static str,
        /// How that was.
        from: String,
        /// How that is now.
        to: String,
    },
}

/// What a [`Change`] happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// `package.Service`
    Service,
    /// `package.Service/Method`
    Method,
    /// `package.Message.field`
    Field,
    /// `package.Enum.VALUE`
    EnumValue,
    /// A rule, by its name.
    Rule,
}

impl Change {
    /// Whether a client of the old protos may fail with the new ones.
    pub fn is_incompatible(&self) -> bool {
        match self {
            Self::Added(..) | Self::Removed(Item::Rule, _) => false,
            Self::Removed(..) | Self::Changed { .. } => true,
        }
    }

    fn changed(
        item: Item,
        name: &str,
        what: &'static str,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        Self::Changed {
            item,
            name: name.to_owned(),
            what,
            from: from.into(),
            to: to.into(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(item, name) => write!(f, "{item} {name} added"),
            Self::Removed(item, name) => write!(f, "{item} {name} removed"),
            Self::Changed {
                item,
                name,
                what,
                from,
                to,
            } => write!(f, "{item} {name}: {what} changed from {from} to {to}"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Method => "method",
            Self::Field => "field",
            Self::EnumValue => "enum value",
            Self::Rule => "rule",
        })
    }
}

/// What the new schema changes, services first.
pub(super) fn diff_schemas(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = Vec::new();
    if std::ptr::eq(old.files(), new.files()) {
        return changes;
    }
    services(old, new, &mut changes);
    methods(old, new, &mut changes);
    let new_files: HashMap<&str, &[u8]> = new
        .files()
        .iter()
        .map(|file| (&*file.name, &*file.descriptor))
        .collect();
    let same: HashSet<&str> = old
        .files()
        .iter()
        .filter(|file| new_files.get(&*file.name) == Some(&&*file.descriptor))
        .map(|file| &*file.name)
        .collect();
    for message in old.pool().all_messages() {
        if !same.contains(message.parent_file().name())
            && let Some(new) = new.pool().get_message_by_name(message.full_name())
        {
            fields(&message, &new, &mut changes);
        }
    }
    for old in old.pool().all_enums() {
        if !same.contains(old.parent_file().name())
            && let Some(new) = new.pool().get_enum_by_name(old.full_name())
        {
            enum_values(&old, &new, &mut changes);
        }
    }
    changes
}

/// The rules that come and go, by name.
pub(super) fn diff_rules(old: &[String], new: &[String]) -> Vec<Change> {
    let (known, kept): (HashSet<_>, HashSet<_>) = (old.iter().collect(), new.iter().collect());
    let added = new.iter().filter(|name| !known.contains(name));
    let removed = old.iter().filter(|name| !kept.contains(name));
    added
        .map(|name| Change::Added(Item::Rule, name.clone()))
        .chain(removed.map(|name| Change::Removed(Item::Rule, name.clone())))
        .collect()
}

fn services(old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    for service in new.pool().services() {
        if old.pool().get_service_by_name(service.full_name()).is_none() {
            changes.push(Change::Added(Item::Service, service.full_name().to_owned()));
        }
    }
    for service in old.pool().services() {
        if new.pool().get_service_by_name(service.full_name()).is_none() {
            changes.push(Change::Removed(Item::Service, service.full_name().to_owned()));
        }
    }
}

/// The methods of services that are in both.
fn methods(old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    let has =
        |schema: &Schema, method: &Method| schema.pool().get_service_by_name(method.service()).is_some();
    for method in new.methods() {
        if old.method(method.name()).is_none() && has(old, method) {
            changes.push(Change::Added(Item::Method, method.name().to_owned()));
        }
    }
    for method in old.methods() {
        let name = method.name();
        let Some(new) = new.method(name) else {
            if has(new, method) {
                changes.push(Change::Removed(Item::Method, name.to_owned()));
            }
            continue;
        };
        let aspects = [
            (
                "request type",
                method.input().full_name(),
                new.input().full_name(),
            ),
            (
                "response type",
                method.output().full_name(),
                new.output().full_name(),
            ),
            ("shape", shape(method), shape(new)),
        ];
        for (what, from, to) in aspects {
            if from != to {
                changes.push(Change::changed(Item::Method, name, what, from, to));
            }
        }
    }
}

fn shape(method: &Method) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "unary",
        (false, true) => "server streaming",
        (true, false) => "client streaming",
        (true, true) => "bidirectional streaming",
    }
}

fn fields(old: &MessageDescriptor, new: &MessageDescriptor, changes: &mut Vec<Change>) {
    for field in old.fields() {
        let name = field.full_name();
        if let Some(new) = new.get_field(field.number()) {
            let aspects = [
                ("name", field.name().to_owned(), new.name().to_owned()),
                ("type", type_name(&field), type_name(&new)),
                ("label", label(&field).to_owned(), label(&new).to_owned()),
            ];
            for (what, from, to) in aspects {
                if from != to {
                    changes.push(Change::changed(Item::Field, name, what, from, to));
                }
            }
        } else if let Some(new) = new.get_field_by_name(field.name()) {
            let (from, to) = (field.number().to_string(), new.number().to_string());
            changes.push(Change::changed(Item::Field, name, "number", from, to));
        } else {
            changes.push(Change::Removed(Item::Field, name.to_owned()));
        }
    }
    let is_new = |field: &FieldDescriptor| {
        old.get_field(field.number()).is_none() && old.get_field_by_name(field.name()).is_none()
    };
    for field in new.fields() {
        if field.cardinality() == Cardinality::Required && is_new(&field) {
            changes.push(Change::changed(
                Item::Field,
                field.full_name(),
                "label",
                "none",
                "required",
            ));
        }
    }
}

fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(values) => values.full_name().to_owned(),
        scalar => format!("{scalar:?}"),
    }
}

/// Presence alone changes nothing on the wire.
fn label(field: &FieldDescriptor) -> &'static str {
    match field.cardinality() {
        Cardinality::Optional => "singular",
        Cardinality::Required => "required",
        Cardinality::Repeated => "repeated",
    }
}

fn enum_values(old: &EnumDescriptor, new: &EnumDescriptor, changes: &mut Vec<Change>) {
    let numbers: BTreeMap<String, i32> = new
        .values()
        .map(|value| (value.name().to_owned(), value.number()))
        .collect();
    for value in old.values() {
        let name = format!("{}.{}", old.full_name(), value.name());
        match numbers.get(value.name()) {
            None => changes.push(Change::Removed(Item::EnumValue, name)),
            Some(number) if *number != value.number() => {
                let (from, to) = (value.number().to_string(), number.to_string());
                changes.push(Change::changed(Item::EnumValue, &name, "number", from, to));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{diff_rules, diff_schemas};
    use crate::Schema;

    fn schema(body: &str) -> Schema {
        let text = format!("syntax = 'proto2'; package p; {body}");
        Schema::from_source("p.proto", &text).expect("it compiles")
    }

    fn lines(old: &str, new: &str) -> Vec<String> {
        let changes = diff_schemas(&schema(old), &schema(new));
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn services_and_methods_that_come_go_and_change_shape_are_told() {
        let old = "message M {} message N {}
            service Stays { rpc A(M) returns (M); rpc B(M) returns (M); } service Goes { rpc A(M) returns (M); }";
        let new = "message M {} message N {}
            service Stays { rpc A(stream M) returns (N); rpc C(M) returns (M); } service Comes { rpc A(M) returns (M); }";
        assert_eq!(
            lines(old, new),
            [
                "service p.Comes added",
                "service p.Goes removed",
                "method p.Stays/C added",
                "method p.Stays/A: response type changed from p.M to p.N",
                "method p.Stays/A: shape changed from unary to client streaming",
                "method p.Stays/B removed",
            ]
        );
    }

    #[test]
    fn each_incompatible_change_of_a_message_is_told() {
        let table = [
            (
                "optional int32 a = 1;",
                "optional int32 a = 2;",
                "field p.M.a: number changed from 1 to 2",
            ),
            (
                "optional int32 a = 1;",
                "optional string a = 1;",
                "field p.M.a: type changed from int32 to string",
            ),
            (
                "optional M a = 1;",
                "optional N a = 1;",
                "field p.M.a: type changed from p.M to p.N",
            ),
            (
                "optional int32 a = 1;",
                "repeated int32 a = 1;",
                "field p.M.a: label changed from singular to repeated",
            ),
            (
                "optional int32 a = 1;",
                "required int32 a = 1;",
                "field p.M.a: label changed from singular to required",
            ),
            (
                "optional int32 a = 1;",
                "optional int32 b = 1;",
                "field p.M.a: name changed from a to b",
            ),
            ("optional int32 a = 1;", "", "field p.M.a removed"),
            (
                "",
                "required int32 a = 1;",
                "field p.M.a: label changed from none to required",
            ),
            (
                "map<string, int32> a = 1;",
                "map<string, bytes> a = 1;",
                "field p.M.AEntry.value: type changed from int32 to bytes",
            ),
        ];
        for (old, new, expected) in table {
            let of = |fields: &str| format!("message M {{ {fields} }} message N {{}}");
            assert_eq!(lines(&of(old), &of(new)), [expected]);
        }
    }

    #[test]
    fn enum_values_that_change_number_or_go_are_told() {
        assert_eq!(
            lines(
                "enum E { A = 0; B = 1; C = 2; }",
                "enum E { A = 0; B = 3; D = 4; }"
            ),
            [
                "enum value p.E.B: number changed from 1 to 3",
                "enum value p.E.C removed"
            ]
        );
    }

    #[test]
    fn compatible_changes_are_not_told() {
        let old = "message M { optional int32 a = 1; } enum E { A = 0; }";
        let new = "// A comment.
            message M { optional int32 a = 1; optional int32 b = 2; } message N {} enum E { A = 0; B = 1; }";
        assert_eq!(lines(old, new), Vec::<String>::new());
    }

    #[test]
    fn rules_come_and_go_by_name() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let changes = diff_rules(&names(&["a", "b"]), &names(&["b", "c"]));
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["rule c added", "rule a removed"]);
        assert!(!changes.iter().any(super::Change::is_incompatible));
    }
}
