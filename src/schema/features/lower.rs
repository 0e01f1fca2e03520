//! A file with an edition as one of proto2 or proto3, feature by feature, for prost-reflect's pool.
//!
//! | feature | in the copy |
//! |---|---|
//! | a scalar of implicit presence | the file is proto3, and what has presence is `optional` |
//! | `LEGACY_REQUIRED` | `required` |
//! | `DELIMITED` | a group |
//! | `PACKED`, `EXPANDED` | `packed`, where the syntax would have the other |
//! | enums open or closed, strings verified or not | a mark, where the syntax would have the other |
//!
//! proto3 has no enum whose first value is not zero. If a file needs to be proto3 and has such a one, which is closed, the
//! enum goes into a copy of its own, under the same full name. Neither has prost-reflect's proto3 two fields whose names are one
//! without underscores and case: such a file is proto2, and its scalars have presence.

use std::collections::HashSet;

use bytes::Bytes;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};

use super::marks::UNLIKE_ITS_SYNTAX;
use super::set::{Edition, FeatureSet};
use crate::schema::name::qualified;
use crate::schema::wire::{DescriptorKind, Record, RecordValue, put, records};

/// How deep messages are lowered. Below it they are copied, and refused by the pool.
pub(super) const MAX_DEPTH: u32 = 100;

/// The files that a pool gets for a file, in their order: the file as it is, unless it has an edition.
pub(in crate::schema) fn lowered_for_pool(file: Bytes, edition: Option<Edition>) -> Vec<Bytes> {
    match edition {
        None => vec![file],
        Some(edition) => lower(&file, edition).into_iter().map(Bytes::from).collect(),
    }
}

/// Lowers a serialized `FileDescriptorProto` of an edition. The result is the files for the pool, in their order.
fn lower(file: &[u8], edition: Edition) -> Vec<Vec<u8>> {
    let features = features_of(DescriptorKind::File, file, &FeatureSet::of_edition(edition));
    let messages = delimited(file, 4);
    let is_implicit = |message: &&[u8]| has_implicit(message, &features, MAX_DEPTH);
    let is_proto3 = messages.iter().any(is_implicit)
        && !messages
            .iter()
            .any(|message| has_similar_names(message, MAX_DEPTH));
    let mut lowering = Lowering {
        is_proto3,
        for_pool: true,
        package: text(file, 2).to_owned(),
        closed_enums: Vec::new(),
    };
    let mut lowered = lowering.file(file, &features);
    if lowering.closed_enums.is_empty() {
        return vec![lowered];
    }
    let mut enums = Vec::new();
    let name = format!("{}{CLOSED_ENUMS}", text(file, 1));
    put(1, name.as_bytes(), &mut enums);
    put(2, lowering.package.as_bytes(), &mut enums);
    for found in &lowering.closed_enums {
        put(5, found, &mut enums);
    }
    put(3, name.as_bytes(), &mut lowered);
    vec![enums, lowered]
}

/// Lowers a file for clients, who know nothing of marks.
pub(super) fn lower_for_clients(file: &[u8], edition: Edition, is_proto3: bool) -> Vec<u8> {
    let mut lowering = Lowering {
        is_proto3,
        for_pool: false,
        package: text(file, 2).to_owned(),
        closed_enums: Vec::new(),
    };
    let features = features_of(DescriptorKind::File, file, &FeatureSet::of_edition(edition));
    lowering.file(file, &features)
}

/// A message as one of proto2, for clients. `above` are the features around it, and `scope` is what it is in.
pub(super) fn lowered_message(message: &[u8], above: &FeatureSet, scope: &str) -> Vec<u8> {
    let mut lowering = Lowering {
        is_proto3: false,
        for_pool: false,
        package: String::new(),
        closed_enums: Vec::new(),
    };
    lowering.message(message, above, scope, MAX_DEPTH)
}

/// What is added to the name of a file for that of the copy that has its closed enums. No proto can be called so.
const CLOSED_ENUMS: &str = "\u{1}closed enums";

/// What of a field decides how it is lowered.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FieldShape {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(enumeration = "Label", tag = "4")]
    label: i32,
    #[prost(enumeration = "Type", tag = "5")]
    r#type: i32,
    #[prost(string, tag = "6")]
    pub(super) type_name: String,
    #[prost(int32, optional, tag = "9")]
    oneof_index: Option<i32>,
}

impl FieldShape {
    pub(super) fn of(field: &[u8]) -> Self {
        Self::decode(field).unwrap_or_default()
    }

    fn is_message(&self) -> bool {
        matches!(self.r#type(), Type::Message | Type::Group)
    }

    /// Whether it is one scalar and in no oneof, so that its presence is a question.
    fn is_plain_scalar(&self) -> bool {
        self.label() != Label::Repeated && !self.is_message() && self.oneof_index.is_none()
    }

    fn is_packable(&self) -> bool {
        let is_text = matches!(self.r#type(), Type::String | Type::Bytes);
        self.label() == Label::Repeated && !self.is_message() && !is_text
    }
}

/// Whether a message, or one in it, has a scalar of implicit presence.
fn has_implicit(message: &[u8], above: &FeatureSet, depth: u32) -> bool {
    let features = features_of(DescriptorKind::Message, message, above);
    if depth == 0 || is_map_entry(message) {
        return false;
    }
    let is_implicit = |field: &[u8]| {
        FieldShape::of(field).is_plain_scalar()
            && features_of(DescriptorKind::Field, field, &features).is_implicit()
    };
    delimited(message, 2).into_iter().any(is_implicit)
        || delimited(message, 3)
            .into_iter()
            .any(|nested| has_implicit(nested, &features, depth - 1))
}

/// Whether two fields of a message, or of one in it, have names that are one without underscores and case. prost-reflect
/// allows it in proto2 alone.
pub(super) fn has_similar_names(message: &[u8], depth: u32) -> bool {
    let mut names = HashSet::new();
    let mut is_new = |field: &[u8]| {
        let name = text(field, 1).replace('_', "");
        names.insert(name.to_ascii_lowercase())
    };
    let has_some = !delimited(message, 2).into_iter().all(&mut is_new);
    let mut nested = delimited(message, 3).into_iter();
    has_some || (depth > 0 && nested.any(|nested| has_similar_names(nested, depth - 1)))
}

struct Lowering {
    is_proto3: bool,
    /// Whether marks are set, and enums that proto3 does not have go elsewhere.
    for_pool: bool,
    package: String,
    /// The enums for a copy of their own, whose names begin with those of the messages they are in.
    closed_enums: Vec<Vec<u8>>,
}

/// What a field needs to know of its message, and adds to it.
pub(super) struct Members {
    is_map_entry: bool,
    /// The full names of the entries of its maps, with a dot in front.
    entries: HashSet<String>,
    /// The names that a oneof cannot have.
    names: HashSet<String>,
    oneofs: usize,
    /// The names of the oneofs that are added.
    added: Vec<String>,
}

impl Members {
    pub(super) fn of(message: &[u8], name: &str) -> Self {
        let nested = delimited(message, 3).into_iter();
        let entries = nested.filter(|nested| is_map_entry(nested));
        let entries = entries.map(|entry| format!(".{name}.{}", text(entry, 1)));
        let (fields, oneofs) = (delimited(message, 2), delimited(message, 8));
        let names = fields.iter().chain(&oneofs);
        Self {
            is_map_entry: is_map_entry(message),
            entries: entries.collect(),
            names: names.map(|named| text(named, 1).to_owned()).collect(),
            oneofs: oneofs.len(),
            added: Vec::new(),
        }
    }

    /// Adds a oneof for a field that has presence. Returns its index.
    fn add_oneof(&mut self, field: &str) -> usize {
        let mut name = format!("_{field}");
        while !self.names.insert(name.clone()) {
            name.insert(0, 'X');
        }
        self.added.push(name);
        self.oneofs + self.added.len() - 1
    }
}

impl Lowering {
    fn file(&mut self, file: &[u8], features: &FeatureSet) -> Vec<u8> {
        let package = self.package.clone();
        let mut lowered = Vec::with_capacity(file.len() + 64);
        for record in records(file).flatten() {
            match (record.number, record.value) {
                // What is written anew, and what proto2 and proto3 do not have.
                (12 | 14 | 15, _) => {}
                (4, RecordValue::Delimited(message)) => {
                    put(
                        4,
                        &self.message(message, features, &package, MAX_DEPTH),
                        &mut lowered,
                    );
                }
                (5, RecordValue::Delimited(found)) => {
                    self.enumeration(5, found, features, &package, &mut lowered);
                }
                (7, RecordValue::Delimited(extension)) => {
                    put(7, &self.field(extension, features, None), &mut lowered);
                }
                _ => lowered.extend_from_slice(record.whole),
            }
        }
        if self.is_proto3 {
            put(12, b"proto3", &mut lowered);
        }
        lowered
    }

    fn message(&mut self, message: &[u8], above: &FeatureSet, scope: &str, depth: u32) -> Vec<u8> {
        if depth == 0 {
            return message.to_owned();
        }
        let features = features_of(DescriptorKind::Message, message, above);
        let name = qualified(scope, text(message, 1));
        let mut members = Members::of(message, &name);
        let real_oneofs = real_oneofs(message);
        let mut oneof = 0;
        let mut lowered = Vec::with_capacity(message.len() + 16);
        for record in records(message).flatten() {
            match (record.number, record.value) {
                (2, RecordValue::Delimited(field)) => {
                    put(2, &self.field(field, &features, Some(&mut members)), &mut lowered);
                }
                (3, RecordValue::Delimited(nested)) => {
                    put(
                        3,
                        &self.message(nested, &features, &name, depth - 1),
                        &mut lowered,
                    );
                }
                (4, RecordValue::Delimited(found)) => {
                    self.enumeration(4, found, &features, &name, &mut lowered);
                }
                (6, RecordValue::Delimited(extension)) => {
                    put(6, &self.field(extension, &features, None), &mut lowered);
                }
                (11, _) => {}
                (8, _) if !self.is_proto3 => {
                    if real_oneofs.contains(&oneof) {
                        lowered.extend_from_slice(record.whole);
                    }
                    oneof += 1;
                }
                _ => lowered.extend_from_slice(record.whole),
            }
        }
        for name in &members.added {
            let mut oneof = Vec::new();
            put(1, name.as_bytes(), &mut oneof);
            put(8, &oneof, &mut lowered);
        }
        lowered
    }

    /// Lowers a field of a message, or an extension.
    fn field(&self, field: &[u8], above: &FeatureSet, members: Option<&mut Members>) -> Vec<u8> {
        let features = features_of(DescriptorKind::Field, field, above);
        let shape = FieldShape::of(field);
        let is_synthetic = !self.is_proto3 && varint(field, PROTO3_OPTIONAL) == Some(1);
        let mut lowered = Vec::with_capacity(field.len() + 8);
        for record in records(field).flatten() {
            // What an optional field of proto3 has, proto2 does not: all its fields have presence.
            if is_synthetic && matches!(record.number, 9 | PROTO3_OPTIONAL) {
                continue;
            }
            let is_replaced = match record.number {
                4 => features.is_required() && shape.label() == Label::Optional,
                5 => is_delimited(&features, &shape, members.as_deref()),
                _ => false,
            };
            if !is_replaced {
                lowered.extend_from_slice(record.whole);
            } else if record.number == 4 {
                put_number(4, Label::Required as u64, &mut lowered);
            } else {
                put_number(5, Type::Group as u64, &mut lowered);
            }
        }
        // Those of proto2 and proto3 say it themselves.
        let says_packed = || {
            let mut options = delimited(field, 8).into_iter();
            options.any(|options| varint(options, 2).is_some())
        };
        if shape.is_packable() && features.is_packed() != self.is_proto3 && !says_packed() {
            // Options that come in two pieces are merged.
            let mut packed = Vec::new();
            put_number(2, features.is_packed().into(), &mut packed);
            put(8, &packed, &mut lowered);
        }
        if self.for_pool && shape.r#type() == Type::String && features.verifies_utf8() != self.is_proto3 {
            put(6, b"", &mut lowered);
        }
        if let Some(members) = members.filter(|members| !members.is_map_entry)
            && self.is_proto3
            && shape.is_plain_scalar()
            && !features.is_implicit()
        {
            put_number(9, members.add_oneof(&shape.name) as u64, &mut lowered);
            put_number(17, 1, &mut lowered);
        }
        lowered
    }

    /// Lowers an enum, field `number` of what it is in.
    fn enumeration(
        &mut self,
        number: u32,
        found: &[u8],
        above: &FeatureSet,
        scope: &str,
        lowered: &mut Vec<u8>,
    ) {
        let is_closed = features_of(DescriptorKind::Enum, found, above).is_closed();
        let first = delimited(found, 2).first().copied().unwrap_or_default();
        let goes_elsewhere =
            self.for_pool && self.is_proto3 && is_closed && varint(first, 2).unwrap_or(0) != 0;
        let mut copy = Vec::with_capacity(found.len() + 8);
        if goes_elsewhere {
            let in_package = scope.strip_prefix(&self.package).unwrap_or(scope);
            let name = qualified(in_package.trim_start_matches('.'), text(found, 1));
            put(1, name.as_bytes(), &mut copy);
        }
        for record in records(found).flatten() {
            let is_left_out = record.number == 6 || (record.number == 1 && goes_elsewhere);
            if !is_left_out {
                copy.extend_from_slice(record.whole);
            }
        }
        if goes_elsewhere {
            self.closed_enums.push(copy);
            return;
        }
        if self.for_pool && is_closed == self.is_proto3 {
            put(5, UNLIKE_ITS_SYNTAX.as_bytes(), &mut copy);
        }
        put(number, &copy, lowered);
    }
}

/// Whether a field is between tags. Maps are not, and what is in their entries neither.
pub(super) fn is_delimited(features: &FeatureSet, shape: &FieldShape, members: Option<&Members>) -> bool {
    let is_map =
        members.is_some_and(|members| members.is_map_entry || members.entries.contains(&shape.type_name));
    features.is_delimited() && shape.r#type() == Type::Message && !is_map
}

/// The number of `proto3_optional` in a field.
const PROTO3_OPTIONAL: u32 = 17;

/// The oneofs of a message that are not there for one optional field of proto3.
fn real_oneofs(message: &[u8]) -> HashSet<u64> {
    let fields = delimited(message, 2).into_iter();
    let real = fields.filter(|field| varint(field, PROTO3_OPTIONAL) != Some(1));
    real.filter_map(|field| varint(field, 9)).collect()
}

pub(super) fn is_map_entry(message: &[u8]) -> bool {
    let options = delimited(message, 7);
    options.into_iter().any(|options| varint(options, 7) == Some(1))
}

/// The features of an element, whose own stand in its options.
pub(super) fn features_of(kind: DescriptorKind, element: &[u8], above: &FeatureSet) -> FeatureSet {
    let Some((options, features)) = kind.features() else {
        return *above;
    };
    let mut found = *above;
    for options in delimited(element, options) {
        for own in delimited(options, features) {
            found = found.with(Some(own));
        }
    }
    found
}

/// The contents of all fields with a number that have a length.
pub(in crate::schema) fn delimited(bytes: &[u8], number: u32) -> Vec<&[u8]> {
    each_delimited(bytes, number).collect()
}

fn each_delimited(bytes: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let records = records(bytes).flatten();
    records.filter_map(move |record: Record<'_>| match record.value {
        RecordValue::Delimited(contents) if record.number == number => Some(contents),
        _ => None,
    })
}

/// The last text in a field.
pub(in crate::schema) fn text(bytes: &[u8], number: u32) -> &str {
    let text = each_delimited(bytes, number).last();
    text.and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_default()
}

/// The last number in a field.
pub(in crate::schema) fn varint(bytes: &[u8], number: u32) -> Option<u64> {
    let records = records(bytes).flatten();
    let found = records.filter_map(|record| match record.value {
        RecordValue::Varint(value) if record.number == number => Some(value),
        _ => None,
    });
    found.last()
}

pub(super) fn put_number(number: u32, value: u64, bytes: &mut Vec<u8>) {
    encode_key(number, WireType::Varint, bytes);
    encode_varint(value, bytes);
}
