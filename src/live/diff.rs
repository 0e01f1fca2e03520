//! What a reload changes, for the log.
//!
//! Listed are services, methods, files and rules that are added, removed or changed, and every change to a method, a
//! message or an enum that breaks an old client. For a compatible change, such as a new optional field, only its file is
//! listed.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::rules::Outline;
use crate::schema::{FastMap, FastSet, Method, Schema, SchemaFile, qualified};

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
    let (edited_old, edited_new) = edited(old.files(), new.files());
    services(old, new, &mut changes);
    methods((old, &edited_old), (new, &edited_new), &mut changes);
    types((old, &edited_old), (new, &edited_new), &mut changes);
    let names = |schema: &Schema, places: &[usize]| -> Vec<String> {
        let names = places.iter().map(|place| schema.files()[*place].name.clone());
        names.collect()
    };
    let (old, new) = (names(old, &edited_old), names(new, &edited_new));
    by_name(Item::File, &old, &new, &mut changes);
    changes
}

/// The places of the files that are not the same in the other schema, or not in it: those of the old one, and of the new one.
fn edited(old: &[SchemaFile], new: &[SchemaFile]) -> (Vec<usize>, Vec<usize>) {
    // What was not compiled again is the same slice, and all of a large schema would be read.
    let is_same = |one: &SchemaFile, other: &SchemaFile| {
        let (one, other) = (&one.descriptor, &other.descriptor);
        one.as_ptr() == other.as_ptr() || one == other
    };
    // Before and after what was saved, the files are in the same order.
    let is_kept = |(one, other): &(&SchemaFile, &SchemaFile)| one.name == other.name && is_same(one, other);
    let before = old.iter().zip(new).take_while(is_kept).count();
    let after = old[before..].iter().rev().zip(new[before..].iter().rev());
    let after = after.take_while(is_kept).count();
    let (old_places, new_places) = (before..old.len() - after, before..new.len() - after);
    let by_name: FastMap<&str, usize> = new_places
        .clone()
        .map(|place| (&*new[place].name, place))
        .collect();
    let mut kept = FastSet::default();
    let edited_old = old_places.filter(|place| {
        let place_now = by_name.get(&*old[*place].name);
        let place_now = place_now.filter(|now| is_same(&old[*place], &new[**now]));
        place_now.is_none_or(|now| !kept.insert(*now))
    });
    let edited_old = edited_old.collect();
    (
        edited_old,
        new_places.filter(|place| !kept.contains(place)).collect(),
    )
}

/// A schema, and the places of the files in it that were edited. No two files define one name, so what is different is in them.
type Edited<'s> = (&'s Schema, &'s [usize]);

/// Compares messages and enums.
fn types((old, edited_old): Edited<'_>, (new, edited_new): Edited<'_>, changes: &mut Vec<Change>) {
    let types = |schema: &Schema, places: &[usize]| Types::of(schema.decoded(places));
    let (old, new) = (types(old, edited_old), types(new, edited_new));
    let by_name: FastMap<&str, &DescriptorProto> =
        new.messages.iter().map(|(name, new)| (&**name, new)).collect();
    for (name, old) in &old.messages {
        if let Some(new) = by_name.get(&**name) {
            fields(name, old, new, changes);
        }
    }
    let by_name: FastMap<&str, &EnumDescriptorProto> =
        new.enums.iter().map(|(name, new)| (&**name, new)).collect();
    for (name, old) in &old.enums {
        if let Some(new) = by_name.get(&**name) {
            enum_values(name, old, new, changes);
        }
    }
}

/// The messages and enums of files, each with its full name.
#[derive(Default)]
struct Types {
    messages: Vec<(String, DescriptorProto)>,
    enums: Vec<(String, EnumDescriptorProto)>,
}

impl Types {
    fn of(files: Vec<FileDescriptorProto>) -> Self {
        let mut types = Self::default();
        for file in files {
            let scope = file.package.unwrap_or_default();
            types.add(&scope, file.message_type, file.enum_type);
        }
        types
    }

    fn add(&mut self, scope: &str, messages: Vec<DescriptorProto>, enums: Vec<EnumDescriptorProto>) {
        let enums = enums.into_iter();
        self.enums
            .extend(enums.map(|found| (qualified(scope, found.name()), found)));
        for mut message in messages {
            let name = qualified(scope, message.name());
            let nested = std::mem::take(&mut message.nested_type);
            let enums = std::mem::take(&mut message.enum_type);
            self.messages.push((name.clone(), message));
            self.add(&name, nested, enums);
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
fn methods((old, edited_old): Edited<'_>, (new, edited_new): Edited<'_>, changes: &mut Vec<Change>) {
    for method in methods_of(new, edited_new) {
        if old.method(method.name()).is_none() && old.has_service(method.service()) {
            changes.push(Change::Added(Item::Method, method.name().to_owned()));
        }
    }
    for method in methods_of(old, edited_old) {
        let name = method.name();
        let Some(kept) = new.method(name) else {
            if new.has_service(method.service()) {
                changes.push(Change::Removed(Item::Method, name.to_owned()));
            }
            continue;
        };
        let aspects = [
            ("request type", method.input_name(), kept.input_name()),
            ("response type", method.output_name(), kept.output_name()),
            ("shape", shape(method), shape(kept)),
        ];
        for (what, from, to) in aspects {
            if from != to {
                changes.push(Change::changed(Item::Method, name, what, from, to));
            }
        }
    }
}

/// The methods that files declare, sorted by name.
fn methods_of<'s>(schema: &'s Schema, files: &[usize]) -> Vec<&'s Method> {
    let methods = files.iter().flat_map(|file| schema.methods_of(*file));
    let mut methods: Vec<&Method> = methods.map(|method| &**method).collect();
    methods.sort_unstable_by_key(|method| method.name());
    methods
}

fn shape(method: &Method) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "unary",
        (false, true) => "server streaming",
        (true, false) => "client streaming",
        (true, true) => "bidirectional streaming",
    }
}

/// Compares the fields of the message of this name.
fn fields(message: &str, old: &DescriptorProto, new: &DescriptorProto, changes: &mut Vec<Change>) {
    let (by_number, by_name) = fields_of(new);
    for field in &old.field {
        let name = qualified(message, field.name());
        if let Some(new) = by_number.get(&field.number()) {
            let aspects = [
                ("name", field.name(), new.name()),
                ("type", type_name(field), type_name(new)),
                ("label", label(field), label(new)),
            ];
            for (what, from, to) in aspects {
                if from != to {
                    changes.push(Change::changed(Item::Field, &name, what, from, to));
                }
            }
        } else if let Some(new) = by_name.get(field.name()) {
            let (from, to) = (field.number().to_string(), new.number().to_string());
            changes.push(Change::changed(Item::Field, &name, "number", from, to));
        } else {
            changes.push(Change::Removed(Item::Field, name));
        }
    }
    let (by_number, by_name) = fields_of(old);
    for field in &new.field {
        let is_known = by_number.contains_key(&field.number()) || by_name.contains_key(field.name());
        if field.label() == Label::Required && !is_known {
            let name = qualified(message, field.name());
            changes.push(Change::changed(Item::Field, &name, "label", "none", "required"));
        }
    }
}

/// The fields of a message by their numbers, and by their names.
fn fields_of(message: &DescriptorProto) -> (FieldsBy<'_, i32>, FieldsBy<'_, &str>) {
    let fields = || message.field.iter();
    (
        fields().map(|field| (field.number(), field)).collect(),
        fields().map(|field| (field.name(), field)).collect(),
    )
}

type FieldsBy<'m, K> = FastMap<K, &'m FieldDescriptorProto>;

/// The full name of a message or an enum, or that of a scalar, as in protos.
fn type_name(field: &FieldDescriptorProto) -> &str {
    match field.r#type() {
        Type::Message | Type::Group | Type::Enum => field.type_name().trim_start_matches('.'),
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
    }
}

/// The label, without presence, which changes nothing on the wire.
fn label(field: &FieldDescriptorProto) -> &'static str {
    match field.label() {
        Label::Optional => "singular",
        Label::Required => "required",
        Label::Repeated => "repeated",
    }
}

/// Compares the values of the enum of this name.
fn enum_values(found: &str, old: &EnumDescriptorProto, new: &EnumDescriptorProto, changes: &mut Vec<Change>) {
    let values = new.value.iter();
    let numbers: FastMap<&str, i32> = values.map(|value| (value.name(), value.number())).collect();
    for value in &old.value {
        let name = qualified(found, value.name());
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
