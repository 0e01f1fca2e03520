//! Features that are for compilers alone: descriptors do not have them, and without them a text may not compile again.
//!
//! What is left of the features of an element shows where there were some. Where they may have been needed, the most lenient
//! stand for those that were there: compilers leave them out again.

use prost::Message as _;

use super::types::Types;
use crate::schema::check::{Style, fields_of_oneofs, has_many_members, has_many_values, is_large_oneof};
use crate::schema::descriptor::{Enum, Field, File, Message, VISIBILITY_EXPORT};
use crate::schema::features::{EDITION_2024, FeatureSet};
use crate::schema::wire::{DescriptorKind, RecordValue, put, records, without};

/// What of a file its edition does not allow without such features.
pub(super) struct Lost {
    /// The paths of the elements whose names are not in the style of the edition.
    odd_names: Vec<Vec<i32>>,
    /// The paths of those that have more than the limits of the edition allow.
    large: Vec<Vec<i32>>,
    /// Whether others use what would be for the file alone.
    is_shared: bool,
}

impl Lost {
    /// What may have been lost of a file; nothing of one without such features.
    pub(super) fn of(file: &File, types: &Types<'_>) -> Option<Self> {
        if file.edition < EDITION_2024 {
            return None;
        }
        let mut lost = Self {
            odd_names: Vec::new(),
            large: Vec::new(),
            is_shared: file.message_type.iter().any(exports_nested) || types.shares_local_names(),
        };
        lost.name(&file.package, Style::LowerSnake, &[]);
        for (index, message) in (0..).zip(&file.message_type) {
            lost.message(message, &[4, index]);
        }
        for (index, found) in (0..).zip(&file.enum_type) {
            lost.enumeration(found, &[5, index]);
        }
        for (index, service) in (0..).zip(&file.service) {
            lost.name(&service.name, Style::Title, &[6, index]);
            for (at, method) in (0..).zip(&service.method) {
                lost.name(&method.name, Style::Title, &[6, index, 2, at]);
            }
        }
        lost.fields(&file.extension, &[7]);
        Some(lost)
    }

    /// Adds to the options of the element with this path the features that they may have had.
    pub(super) fn restore(&self, kind: DescriptorKind, path: &[i32], options: &mut Vec<u8>) {
        let Some((_, number)) = kind.features() else {
            return;
        };
        let own = records(options)
            .flatten()
            .filter_map(|record| match record.value {
                RecordValue::Delimited(features) if record.number == number => Some(features),
                _ => None,
            });
        let own: Vec<u8> = match own.reduce(|_, last| last) {
            Some(own) => own.to_vec(),
            None => return,
        };
        let is_file = kind == DescriptorKind::File;
        let lenient = FeatureSet::most_lenient(is_file);
        let named = FeatureSet::named(Some(&own));
        let within = |found: &Vec<i32>| found.starts_with(path);
        let has_odd_names = self.odd_names.iter().any(within);
        let mut added = FeatureSet::default();
        if named.enforce_naming_style.is_none() && (own.is_empty() || has_odd_names) {
            added.enforce_naming_style = lenient.enforce_naming_style;
        }
        if named.default_symbol_visibility.is_none() && (own.is_empty() || self.is_shared) {
            added.default_symbol_visibility = lenient.default_symbol_visibility;
        }
        let has_limits = matches!(
            kind,
            DescriptorKind::Message | DescriptorKind::Oneof | DescriptorKind::Enum
        );
        if named.enforce_proto_limits.is_none() && has_limits && self.large.iter().any(within) {
            added.enforce_proto_limits = lenient.enforce_proto_limits;
        }
        let features = [own, added.encode_to_vec()].concat();
        *options = without(options, number);
        put(number, &features, options);
    }

    fn name(&mut self, name: &str, style: Style, path: &[i32]) {
        if style.broken_by(name).is_some() || may_collide(name) {
            self.odd_names.push(path.to_vec());
        }
    }

    fn message(&mut self, message: &Message, path: &[i32]) {
        if message.is_map_entry() {
            return;
        }
        self.name(&message.name, Style::Title, path);
        self.fields(&message.field, &[path, &[2]].concat());
        self.fields(&message.extension, &[path, &[6]].concat());
        if has_many_members(message) {
            self.large.push(path.to_vec());
        }
        let fields = fields_of_oneofs(message);
        for ((index, oneof), fields) in (0..).zip(&message.oneof_decl).zip(fields) {
            let path = [path, &[8, index]].concat();
            self.name(&oneof.name, Style::LowerSnake, &path);
            if is_large_oneof(fields) {
                self.large.push(path);
            }
        }
        for (index, nested) in (0..).zip(&message.nested_type) {
            self.message(nested, &[path, &[3, index]].concat());
        }
        for (index, found) in (0..).zip(&message.enum_type) {
            self.enumeration(found, &[path, &[4, index]].concat());
        }
    }

    fn enumeration(&mut self, found: &Enum, path: &[i32]) {
        self.name(&found.name, Style::Title, path);
        if has_many_values(found) {
            self.large.push(path.to_vec());
        }
        for (index, value) in (0..).zip(&found.value) {
            self.name(&value.name, Style::UpperSnake, &[path, &[2, index]].concat());
        }
    }

    fn fields(&mut self, fields: &[Field], list: &[i32]) {
        for (index, field) in (0..).zip(fields) {
            self.name(&field.name, Style::LowerSnake, &[list, &[index]].concat());
        }
    }
}

/// Whether the code for a name may collide with that for another, as the style of 2026 does not allow.
fn may_collide(name: &str) -> bool {
    let prefixes = ["has_", "get_", "set_", "clear_"];
    prefixes.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with("_value") || name == "descriptor"
}

/// Whether something in a message is exported, which needs a visibility that edition 2026 does not have by default.
fn exports_nested(message: &Message) -> bool {
    let nested = message.nested_type.iter();
    let mut enums = message.enum_type.iter();
    enums.any(|found| found.visibility == VISIBILITY_EXPORT) || { nested }
        .any(|nested| nested.visibility == VISIBILITY_EXPORT || exports_nested(nested))
}
