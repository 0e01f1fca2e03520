//! What a reload changes, for the log.
//!
//! Listed are services, methods, files and rules that are added, removed or changed, and every change to a method, a
//! message or an enum that breaks an old client. For a compatible change, such as a new optional field, only its file is
//! listed.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use bytes::Bytes;
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::rules::Outline;
use crate::schema::{Method, Schema, field_name, field_named};

/// One difference between two loads, as [`Reloader::report`](super::Reloader::report) gives them. Its `Display` is one line
/// for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Something is new.
    Added(Item, String),
    /// Something is gone.
    Removed(Item, String),
    /// The content of a file or rule is different.
    Edited(Item, String),
    /// Rules that are unchanged are tried in another order.
    Reordered,
    /// Something is defined differently.
    Changed {
        /// The kind of thing.
        item: Item,
        /// Its full name.
        name: String,
        /// What about it changed.
        what: &'static str,
        /// Its old value.
        from: String,
        /// Its new value.
        to: String,
    },
}

/// What a [`Change`] of a [reload](super::Reloader) happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// `package.Service`
    Service,
    /// `package.Service/Method`
    Method,
    /// `package.Message.field`
    Field,
    /// `package.Enum.VALUE`
    EnumValue,
    /// A proto, by its import name.
    File,
    /// A rule, by its name.
    Rule,
}

impl Change {
    /// Whether a client of the old protos may fail with the new ones.
    pub fn is_incompatible(&self) -> bool {
        match self {
            Self::Added(..)
            | Self::Removed(Item::File | Item::Rule, _)
            | Self::Edited(..)
            | Self::Reordered => false,
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
            Self::Edited(item, name) => write!(f, "{item} {name} changed"),
            Self::Reordered => f.write_str("the order of the rules changed"),
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
            Self::File => "file",
            Self::Rule => "rule",
        })
    }
}

/// What the new schema changes: services first, files last.
pub(super) fn diff_schemas(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = Vec::new();
    if std::ptr::eq(old.files(), new.files()) {
        return changes;
    }
    services(old, new, &mut changes);
    methods(old, new, &mut changes);
    let new_files: HashMap<&str, &Bytes> = new
        .files()
        .iter()
        .map(|file| (&*file.name, &file.descriptor))
        .collect();
    // What was not compiled again is the same slice, and all of a large schema would be read.
    let is_same = |one: &Bytes, other: &Bytes| one.as_ptr() == other.as_ptr() || one == other;
    let same: HashSet<&str> = old
        .files()
        .iter()
        .filter(|file| {
            let new = new_files.get(&*file.name);
            new.is_some_and(|new| is_same(new, &file.descriptor))
        })
        .map(|file| &*file.name)
        .collect();
    types(old, new, &same, &mut changes);
    let others = |schema: &Schema| -> Vec<String> {
        let names = schema.files().iter().map(|file| file.name.clone());
        names.filter(|name| !same.contains(&**name)).collect()
    };
    by_name(Item::File, &others(old), &others(new), &mut changes);
    changes
}

/// Compares the messages and enums of the old files that are not the `same`. Only the files that have to do with them get
/// descriptors.
fn types(old: &Schema, new: &Schema, same: &HashSet<&str>, changes: &mut Vec<Change>) {
    let is_same = |file: &str| same.contains(file);
    let old = old.part(|file, _| !is_same(&file.name));
    let messages = old.pool().all_messages();
    let messages = messages.filter(|message| !is_same(message.parent_file().name()));
    let messages: Vec<MessageDescriptor> = messages.collect();
    let enums = old.pool().all_enums();
    let enums = enums.filter(|found| !is_same(found.parent_file().name()));
    let enums: Vec<EnumDescriptor> = enums.collect();
    let names = messages.iter().map(MessageDescriptor::full_name);
    let names: HashSet<&str> = names.chain(enums.iter().map(EnumDescriptor::full_name)).collect();
    let new = new.part(|_, definitions| definitions.names.iter().any(|(name, _)| names.contains(&**name)));
    for old in messages {
        if let Some(new) = new.pool().get_message_by_name(old.full_name()) {
            fields(&old, &new, changes);
        }
    }
    for old in enums {
        if let Some(new) = new.pool().get_enum_by_name(old.full_name()) {
            enum_values(&old, &new, changes);
        }
    }
}

/// The rules that are added, removed or changed, by name.
///
/// A rule whose content is the same is the same rule, wherever it is in the file: a rule without a name is named after
/// its line, which may have moved.
pub(super) fn diff_rules(old: &[Outline], new: &[Outline]) -> Vec<Change> {
    let mut changes = Vec::new();
    let ((kept_old, old), (kept_new, new)) = (split(old, new), split(new, old));
    by_name(Item::Rule, &old, &new, &mut changes);
    if kept_old != kept_new {
        changes.push(Change::Reordered);
    }
    changes
}

/// The contents that are also among `others`, in order, and the names of the other rules.
fn split(rules: &[Outline], others: &[Outline]) -> (Vec<u64>, Vec<String>) {
    let mut left: HashMap<u64, usize> = HashMap::new();
    for other in others {
        *left.entry(other.content).or_default() += 1;
    }
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for rule in rules {
        match left.get_mut(&rule.content) {
            Some(count) if *count > 0 => {
                *count -= 1;
                kept.push(rule.content);
            }
            _ => rest.push(rule.name.to_string()),
        }
    }
    (kept, rest)
}

/// Compares what differs by name: a name in both has changed, the others were added or removed.
fn by_name(item: Item, old: &[String], new: &[String], changes: &mut Vec<Change>) {
    let (known, kept): (HashSet<_>, HashSet<_>) = (old.iter().collect(), new.iter().collect());
    for name in new {
        let change = if known.contains(name) {
            Change::Edited
        } else {
            Change::Added
        };
        changes.push(change(item, name.clone()));
    }
    let gone = old.iter().filter(|name| !kept.contains(name));
    changes.extend(gone.map(|name| Change::Removed(item, name.clone())));
}

fn services(old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    for service in new.services().filter(|service| !old.has_service(service)) {
        changes.push(Change::Added(Item::Service, service.to_owned()));
    }
    for service in old.services().filter(|service| !new.has_service(service)) {
        changes.push(Change::Removed(Item::Service, service.to_owned()));
    }
}

/// Compares the methods of services that are in both schemas.
fn methods(old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    let has = |schema: &Schema, method: &Method| schema.has_service(method.service());
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
            ("request type", method.input_name(), new.input_name()),
            ("response type", method.output_name(), new.output_name()),
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
                ("name", field_name(&field).to_owned(), field_name(&new).to_owned()),
                ("type", type_name(&field), type_name(&new)),
                ("label", label(&field).to_owned(), label(&new).to_owned()),
            ];
            for (what, from, to) in aspects {
                if from != to {
                    changes.push(Change::changed(Item::Field, name, what, from, to));
                }
            }
        } else if let Some(new) = field_named(new, field_name(&field)) {
            let (from, to) = (field.number().to_string(), new.number().to_string());
            changes.push(Change::changed(Item::Field, name, "number", from, to));
        } else {
            changes.push(Change::Removed(Item::Field, name.to_owned()));
        }
    }
    let is_new = |field: &FieldDescriptor| {
        old.get_field(field.number()).is_none() && field_named(old, field_name(field)).is_none()
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

/// The label, without presence, which changes nothing on the wire.
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
