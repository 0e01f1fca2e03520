//! Files with an edition for clients that do not know it.
//!
//! In an older edition a file is as it was, without what came later and is for compilers alone. In proto2 or proto3 it says as
//! much as those can: clients read every message, but some differences of features are lost.

use std::collections::HashSet;

use bytes::Bytes;
use prost_types::field_descriptor_proto::Label;

use super::groups::{Types, with_proper_groups};
use super::lower::{
    FieldShape, MAX_DEPTH, Members, delimited, features_of, has_similar_names, is_delimited,
    lower_for_clients, put_number, text, varint,
};
use super::set::{EDITION_2023, EDITION_2024, Edition, FeatureSet, PROTO3};
use crate::schema::name::qualified;
use crate::schema::wire::{DescriptorKind, RecordValue, put, records, without};

/// The newest edition in which descriptors are given to clients that know no newer one: see
/// [`reflection_edition`](crate::ServerBuilder::reflection_edition), which has an example.
///
/// | | a file of a newer edition |
/// |---|---|
/// | `Original` | is given as protoc writes it |
/// | `Edition2024`, `Edition2023` | has this edition in its place, and before 2024 no visibility and no imports for options alone |
/// | `Proto` | is one of proto3 if that can say what is in it, or else of proto2 |
///
/// proto2 has no open enums and no scalars of implicit presence. So a client that has descriptors of `Proto` may take an unknown
/// number of an enum for an unknown field, and a zero that is not sent for one that is not set. A field between tags is a group,
/// whose message stands beside it and has its name: where it has another, a copy of its message stands there. The field is
/// called as in small letters then. A message that holds itself so has no fields at the fourth time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DescriptorEdition {
    /// As protoc writes them.
    #[default]
    Original,
    /// 2024.
    Edition2024,
    /// 2023.
    Edition2023,
    /// proto2 or proto3.
    Proto,
}

/// Translates the files of a schema, each after those that it imports.
#[derive(Debug)]
pub(crate) struct Translation {
    to: DescriptorEdition,
    /// The full names, with a dot in front, of the enums that are closed in the files so far.
    closed: HashSet<String>,
    /// The types of the files so far, if files are lowered.
    types: Types,
}

impl Translation {
    pub(crate) fn new(to: DescriptorEdition) -> Self {
        Self {
            to,
            closed: HashSet::new(),
            types: Types::default(),
        }
    }

    /// Translates the next file, which has been checked.
    pub(crate) fn file(&mut self, file: &Bytes) -> Bytes {
        if self.to == DescriptorEdition::Proto {
            self.types.add(file);
        }
        let edition = varint(file, 14).and_then(|edition| Edition::try_from(edition).ok());
        match (self.to, edition) {
            (DescriptorEdition::Edition2024, Some(EDITION_2024..)) => older(file, EDITION_2024),
            (DescriptorEdition::Edition2023, Some(EDITION_2023..)) => older(file, EDITION_2023),
            (DescriptorEdition::Proto, Some(edition)) => {
                let features = features_of(DescriptorKind::File, file, &FeatureSet::of_edition(edition));
                let found = Survey::of(file, &features, &self.closed).found;
                self.lowered(file, edition, found)
            }
            (DescriptorEdition::Proto, None) if text(file, 12) != "proto3" => {
                let found = Survey::of(file, &FeatureSet::default(), &self.closed).found;
                self.closed.extend(found.enums);
                file.clone()
            }
            // proto3 has no fields whose enum is closed, as those of files that became proto2 are.
            (DescriptorEdition::Proto, None) if !self.closed.is_empty() => {
                let found = Survey::of(file, &FeatureSet::of_edition(PROTO3), &self.closed).found;
                if found.uses_closed {
                    self.lowered(file, PROTO3, found)
                } else {
                    file.clone()
                }
            }
            _ => file.clone(),
        }
    }

    fn lowered(&mut self, file: &[u8], edition: Edition, found: Found) -> Bytes {
        let mut lowered = lower_for_clients(file, edition, found.suits_proto3);
        if !found.suits_proto3 {
            self.closed.extend(found.enums);
            lowered = with_proper_groups(lowered, &mut self.types);
        }
        without_features(DescriptorKind::File, &lowered, MAX_DEPTH).into()
    }
}

/// Goes through a file for what decides whether it can be one of proto3.
struct Survey<'c> {
    /// The enums that are closed elsewhere.
    closed: &'c HashSet<String>,
    found: Found,
}

/// What of a file decides that.
struct Found {
    /// The full names of its enums, with a dot in front.
    enums: Vec<String>,
    suits_proto3: bool,
    /// Whether a field has one of the enums that are closed elsewhere.
    uses_closed: bool,
}

impl<'c> Survey<'c> {
    fn of(file: &[u8], features: &FeatureSet, closed: &'c HashSet<String>) -> Self {
        let mut survey = Self {
            closed,
            found: Found {
                enums: Vec::new(),
                suits_proto3: true,
                uses_closed: false,
            },
        };
        let package = text(file, 2);
        for message in delimited(file, 4) {
            survey.found.suits_proto3 &= !has_similar_names(message, MAX_DEPTH);
            survey.message(message, features, package, MAX_DEPTH);
        }
        for found in delimited(file, 5) {
            survey.enumeration(found, features, package);
        }
        for extension in delimited(file, 7) {
            survey.extension(extension, features);
        }
        survey
    }

    fn message(&mut self, message: &[u8], above: &FeatureSet, scope: &str, depth: u32) {
        const MESSAGE_SET: u32 = 1;
        let features = features_of(DescriptorKind::Message, message, above);
        let name = qualified(scope, text(message, 1));
        let members = Members::of(message, &name);
        let options = delimited(message, 7);
        let is_set = options
            .into_iter()
            .any(|options| varint(options, MESSAGE_SET) == Some(1));
        self.found.suits_proto3 &= depth > 0 && !is_set && delimited(message, 5).is_empty();
        for field in delimited(message, 2) {
            self.field(field, &features, Some(&members));
        }
        for found in delimited(message, 4) {
            self.enumeration(found, &features, &name);
        }
        for extension in delimited(message, 6) {
            self.extension(extension, &features);
        }
        if depth > 0 {
            for nested in delimited(message, 3) {
                self.message(nested, &features, &name, depth - 1);
            }
        }
    }

    fn field(&mut self, field: &[u8], above: &FeatureSet, members: Option<&Members>) {
        const DEFAULT_VALUE: u32 = 7;
        let features = features_of(DescriptorKind::Field, field, above);
        let shape = FieldShape::of(field);
        let is_required = features.is_required() && shape.label() == Label::Optional;
        self.found.suits_proto3 &= !is_required
            && !is_delimited(&features, &shape, members)
            && delimited(field, DEFAULT_VALUE).is_empty();
        self.found.uses_closed |= self.closed.contains(&shape.type_name);
        self.found.suits_proto3 &= !self.found.uses_closed;
    }

    fn enumeration(&mut self, found: &[u8], above: &FeatureSet, scope: &str) {
        let features = features_of(DescriptorKind::Enum, found, above);
        self.found.suits_proto3 &= !features.is_closed();
        self.found
            .enums
            .push(format!(".{}", qualified(scope, text(found, 1))));
    }

    /// proto3 extends nothing but options.
    fn extension(&mut self, extension: &[u8], above: &FeatureSet) {
        let extendee = text(extension, 2);
        let is_option = extendee.starts_with(".google.protobuf.") && extendee.ends_with("Options");
        self.found.suits_proto3 &= is_option;
        self.field(extension, above, None);
    }
}

/// The files that a file imports for their options alone.
pub(crate) fn option_dependencies(file: &[u8]) -> Vec<String> {
    let names = delimited(file, 15).into_iter();
    names
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// A file in an older edition.
fn older(file: &[u8], edition: Edition) -> Bytes {
    let mut older = Vec::with_capacity(file.len());
    let has_visibility = edition >= EDITION_2024;
    for record in records(file).flatten() {
        match (record.number, record.value) {
            (14, _) => put_number(14, edition as u64, &mut older),
            (15, _) if !has_visibility => {}
            (4, RecordValue::Delimited(message)) if !has_visibility => {
                put(4, &without_visibility(message, MAX_DEPTH), &mut older);
            }
            (5, RecordValue::Delimited(found)) if !has_visibility => {
                put(5, &without(found, VISIBILITY_OF_ENUM), &mut older);
            }
            _ => older.extend_from_slice(record.whole),
        }
    }
    older.into()
}

/// The numbers of `visibility` in a message and in an enum.
const VISIBILITY_OF_MESSAGE: u32 = 11;
const VISIBILITY_OF_ENUM: u32 = 6;

fn without_visibility(message: &[u8], depth: u32) -> Vec<u8> {
    let mut kept = Vec::with_capacity(message.len());
    for record in records(message).flatten() {
        match (record.number, record.value) {
            (VISIBILITY_OF_MESSAGE, _) => {}
            (3, RecordValue::Delimited(nested)) if depth > 0 => {
                put(3, &without_visibility(nested, depth - 1), &mut kept);
            }
            (4, RecordValue::Delimited(found)) => put(4, &without(found, VISIBILITY_OF_ENUM), &mut kept),
            _ => kept.extend_from_slice(record.whole),
        }
    }
    kept
}

/// An element without the features of it and of those in it, which proto2 and proto3 do not have.
fn without_features(kind: DescriptorKind, element: &[u8], depth: u32) -> Vec<u8> {
    let mut kept = Vec::with_capacity(element.len());
    for record in records(element).flatten() {
        match (kind.child(record.number), record.value) {
            (Some(DescriptorKind::Options), RecordValue::Delimited(options)) => {
                let (_, features) = kind.features().expect("it has options");
                let left = without(options, features);
                if !left.is_empty() || options.is_empty() {
                    put(record.number, &left, &mut kept);
                }
            }
            (Some(child), RecordValue::Delimited(inner)) if depth > 0 => {
                put(
                    record.number,
                    &without_features(child, inner, depth - 1),
                    &mut kept,
                );
            }
            _ => kept.extend_from_slice(record.whole),
        }
    }
    kept
}
