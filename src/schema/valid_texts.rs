//! Texts that are no UTF-8, for libraries that take nothing else.
//!
//! Strings of proto2 may be any bytes, and nearly all in descriptors are such ones: defaults, names in JSON, options, comments. The
//! bytes of a file stay as they came, and are what is served, kept and printed. What prost-types and prost-reflect get is a copy
//! with U+FFFD in place of what is no UTF-8, as in Java, and such copies are made here.
//!
//! A string that has to be UTF-8, as those of proto3, stays as it is: the library refuses it, and so does protoc.

use std::borrow::Cow;

use bytes::Bytes;
use prost::{DecodeError, Message as _};
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use prost_types::FileDescriptorProto;

use super::features::verifies_utf8;
use super::source::options_message;
use super::wire::{DescriptorKind, RecordValue, put, put_group, records, walk};

/// How deep messages are looked into: more than libraries read.
const MAX_DEPTH: u32 = 200;

/// A serialized message with valid texts; `None` if they are valid.
pub(crate) fn with_valid_texts(message: &MessageDescriptor, bytes: &[u8]) -> Option<Vec<u8>> {
    Copying { extensions: None }.message(message, bytes, MAX_DEPTH)
}

/// A serialized file with valid texts, as far as descriptor.proto says what is a text, and for options the `extensions` of a pool.
pub(super) fn valid_file(file: &Bytes, extensions: Option<&DescriptorPool>) -> Bytes {
    Copying { extensions }
        .file(file)
        .map_or_else(|| file.clone(), Bytes::from)
}

/// Whether anything in a file that may be a text is more than ASCII.
fn has_more_than_ascii(file: &[u8]) -> bool {
    let mut found = false;
    let walked = walk(DescriptorKind::File, file, &mut |kind, record| {
        if let RecordValue::Delimited(contents) | RecordValue::Group(contents) = record.value
            && kind.child(record.number).is_none()
        {
            found |= !contents.is_ascii();
        }
    });
    found || walked.is_err()
}

/// Decodes a file with valid texts.
pub(crate) fn decoded_file(file: &[u8]) -> Result<FileDescriptorProto, DecodeError> {
    let extensions = None;
    FileDescriptorProto::decode(file).or_else(|error| match (Copying { extensions }).file(file) {
        Some(valid) => FileDescriptorProto::decode(&*valid),
        None => Err(error),
    })
}

struct Copying<'p> {
    /// Where the messages of options are looked up, since their extensions are there.
    extensions: Option<&'p DescriptorPool>,
}

impl Copying<'_> {
    fn file(&self, file: &[u8]) -> Option<Vec<u8>> {
        // The descriptor of descriptor.proto is made when it is first asked for, and few files need it.
        if !has_more_than_ascii(file) {
            return None;
        }
        let message = options_message("FileDescriptorProto").expect("descriptor.proto has it");
        self.message(&message, file, MAX_DEPTH)
    }

    fn message(&self, message: &MessageDescriptor, bytes: &[u8], depth: u32) -> Option<Vec<u8>> {
        // Nearly all of most files is ASCII, and then so is every part of it.
        if bytes.is_ascii() {
            return None;
        }
        let depth = depth.checked_sub(1)?;
        let mut valid = Vec::new();
        let mut copied = 0;
        let mut end = 0;
        for record in records(bytes).map_while(Result::ok) {
            let start = end;
            end += record.whole.len();
            let (RecordValue::Delimited(contents) | RecordValue::Group(contents)) = record.value else {
                continue;
            };
            let replaced = match field_kind(message, record.number) {
                Some((Kind::String, false)) => match String::from_utf8_lossy(contents) {
                    Cow::Owned(text) => Some(text.into_bytes()),
                    Cow::Borrowed(_) => None,
                },
                Some((Kind::Message(inner), _)) => self.message(&self.extended(inner), contents, depth),
                _ => None,
            };
            let Some(replaced) = replaced else { continue };
            valid.extend_from_slice(&bytes[copied..start]);
            match record.value {
                RecordValue::Group(_) => put_group(record.number, &replaced, &mut valid),
                _ => put(record.number, &replaced, &mut valid),
            }
            copied = end;
        }
        (copied > 0).then(|| {
            valid.extend_from_slice(&bytes[copied..]);
            valid
        })
    }

    fn extended(&self, message: MessageDescriptor) -> MessageDescriptor {
        let found = self.extensions.and_then(|pool| {
            message.extension_ranges().next()?;
            pool.get_message_by_name(message.full_name())
        });
        found.unwrap_or(message)
    }
}

/// The type of a field or an extension, and whether it has to be UTF-8 if it is a string.
fn field_kind(message: &MessageDescriptor, number: u32) -> Option<(Kind, bool)> {
    if let Some(field) = message.get_field(number) {
        let syntax = message.parent_file().syntax();
        return Some((
            field.kind(),
            verifies_utf8(field.field_descriptor_proto(), syntax),
        ));
    }
    let extension = message.get_extension(number)?;
    let syntax = extension.parent_file().syntax();
    Some((
        extension.kind(),
        verifies_utf8(extension.field_descriptor_proto(), syntax),
    ))
}
