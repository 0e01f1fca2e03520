//! What a descriptor pool does not take and protoc does: names that are one in another case, names in JSON that two fields
//! share, and the great numbers of a message set's extensions.
//!
//! The file that goes into the pool is changed, and the bytes that are served are not.

use std::collections::HashSet;

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::schema::descriptor::MAX_FIELD_NUMBER;
use crate::schema::each::each_message;

/// What became of a file that a pool should take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    AsItIs,
    /// It has other names.
    Renamed,
    /// It does not have all its extensions, so those that it has are in other places.
    WithoutSome,
}

/// Makes of a file, whose fields have their names in JSON, one that a pool takes. It may be proto3 there.
pub(super) fn make_fit(file: &mut FileDescriptorProto, is_proto3: bool) -> Fit {
    let mut fit = Fit::AsItIs;
    each_message(file, |message| {
        if part_json_names(message) | (is_proto3 && part_names(message)) {
            fit = Fit::Renamed;
        }
    });
    let mut keep = |extensions: &mut Vec<FieldDescriptorProto>| {
        let all = extensions.len();
        extensions.retain(|extension| extension.number() <= MAX_FIELD_NUMBER);
        if extensions.len() < all {
            fit = Fit::WithoutSome;
        }
    };
    keep(&mut file.extension);
    each_message(file, |message| keep(&mut message.extension));
    fit
}

/// Parts the names in JSON that two fields of a message share, as proto2 allows. One of the fields goes by its own name.
/// Returns whether there are any.
fn part_json_names(message: &mut DescriptorProto) -> bool {
    let mut names = HashSet::with_capacity(message.field.len());
    if message.field.iter().all(|field| names.insert(field.json_name())) {
        return false;
    }
    let goes_by_its_name = |field: &FieldDescriptorProto| field.json_name == field.name;
    let own = message.field.iter().filter(|field| goes_by_its_name(field));
    let mut names: HashSet<String> = own.map(|field| field.name().to_owned()).collect();
    for field in message.field.iter_mut().filter(|field| !goes_by_its_name(field)) {
        if !names.insert(field.json_name().to_owned()) {
            field.json_name = field.name.clone();
        }
    }
    true
}

/// Parts names that differ in case and underscores alone. Those that are not the names in JSON stay, so that each field still
/// has a name by which it was called. Returns whether there are any.
fn part_names(message: &mut DescriptorProto) -> bool {
    let mut names = HashSet::with_capacity(message.field.len());
    let has_clashes = !message
        .field
        .iter()
        .all(|field| names.insert(plain(field.name())));
    if !has_clashes {
        return false;
    }
    names.clear();
    let goes_by_its_name = |field: &FieldDescriptorProto| field.json_name == field.name;
    for is_json_name in [false, true] {
        let fields = message.field.iter_mut();
        for field in fields.filter(|field| goes_by_its_name(field) == is_json_name) {
            let written = field.name().to_owned();
            let mut count = 1;
            while !names.insert(plain(field.name())) {
                count += 1;
                field.name = Some(format!("{written}_{count}"));
            }
        }
    }
    true
}

/// A name as a pool compares it.
fn plain(name: &str) -> String {
    let letters = name.bytes().filter(|byte| *byte != b'_');
    letters
        .map(|letter| char::from(letter.to_ascii_lowercase()))
        .collect()
}
