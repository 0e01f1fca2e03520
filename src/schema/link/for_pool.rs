//! What a descriptor pool does not take and protoc does: names that are one in another case, names in JSON that two fields
//! share, and the great numbers of a message set's extensions.
//!
//! The file that goes into the pool is changed, and the bytes that are served are not. Of a text it is the descriptor that is
//! changed, and of a set the bytes, since prost-types does not know all that is in them.

use std::collections::HashSet;

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::schema::descriptor::MAX_FIELD_NUMBER;
use crate::schema::each::{each_field, each_message};
use crate::schema::name::default_json_name;
use crate::schema::named::renamed;
use crate::schema::wire::{RecordValue, put, records};

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
        extensions.retain(fits);
        if extensions.len() < all {
            fit = Fit::WithoutSome;
        }
    };
    keep(&mut file.extension);
    each_message(file, |message| keep(&mut message.extension));
    fit
}

/// Gives the fields their names in JSON, those of extensions too, as protoc does.
pub(super) fn add_json_names(file: &mut FileDescriptorProto) {
    each_field(file, |field| {
        if field.json_name.is_none() {
            field.json_name = Some(default_json_name(field.name()));
        }
    });
}

/// The bytes of a file of a set as a pool takes them, if that is something else. `read` is what prost-types reads in them.
pub(super) fn fit_bytes(file: &[u8], read: &FileDescriptorProto, may_be_proto3: bool) -> Option<Vec<u8>> {
    let mut fit = read.clone();
    add_json_names(&mut fit);
    if make_fit(&mut fit, may_be_proto3) == Fit::AsItIs {
        return None;
    }
    let mut bytes = Vec::with_capacity(file.len());
    let mut messages = read.message_type.iter().zip(&fit.message_type);
    let mut extensions = read.extension.iter();
    for record in records(file).flatten() {
        match (record.number, record.value) {
            (4, RecordValue::Delimited(message)) => put_message(4, message, messages.next(), &mut bytes),
            (7, _) if !extensions.next().is_some_and(fits) => {}
            _ => bytes.extend_from_slice(record.whole),
        }
    }
    Some(bytes)
}

/// Whether a pool takes the number of an extension.
fn fits(extension: &FieldDescriptorProto) -> bool {
    extension.number() <= MAX_FIELD_NUMBER
}

/// Appends a message, which is the first of a pair, as the second. Both have the same fields and messages.
fn put_message(
    number: u32,
    message: &[u8],
    pair: Option<(&DescriptorProto, &DescriptorProto)>,
    bytes: &mut Vec<u8>,
) {
    let Some((read, fit)) = pair else { return };
    let mut inner = Vec::with_capacity(message.len());
    let mut fields = read.field.iter().zip(&fit.field);
    let mut messages = read.nested_type.iter().zip(&fit.nested_type);
    let mut extensions = read.extension.iter();
    for record in records(message).flatten() {
        match (record.number, record.value) {
            (2, RecordValue::Delimited(field)) => {
                let mut field = field.to_vec();
                // Of two names the last counts.
                if let Some((read, fit)) = fields.next() {
                    if read.name != fit.name {
                        put(1, fit.name().as_bytes(), &mut field);
                    }
                    if read.json_name != fit.json_name {
                        put(10, fit.json_name().as_bytes(), &mut field);
                    }
                }
                put(2, &field, &mut inner);
            }
            (3, RecordValue::Delimited(nested)) => put_message(3, nested, messages.next(), &mut inner),
            (6, _) if !extensions.next().is_some_and(fits) => {}
            _ => inner.extend_from_slice(record.whole),
        }
    }
    put(number, &inner, bytes);
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
                field.name = Some(renamed(&written, count));
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
