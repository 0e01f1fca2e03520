//! Reads the bytes of a serialized descriptor without any library's types.
//!
//! Bytes from outside are checked here first: prost-reflect panics or overflows its stack on some of them. A walk
//! visits every record of every descriptor in a file (messages, fields, options, …), so that damaged bytes are found here
//! and nowhere else.

use bytes::{Buf as _, Bytes};
use prost::DecodeError;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};

/// The kind of a descriptor message, as far as the walk distinguishes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DescriptorKind {
    File,
    Message,
    Field,
    Oneof,
    ExtensionRange,
    Enum,
    EnumValue,
    Service,
    Method,
    /// The options of any of the above.
    Options,
    /// An option as it was written, before its name was looked up.
    UninterpretedOption,
}

impl DescriptorKind {
    /// The kind of the message in field `number`, according to descriptor.proto. `None` for scalars, and for messages
    /// that contain none of these kinds.
    pub(super) fn child(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::File, 4) | (Self::Message, 3) => Self::Message,
            (Self::File, 5) | (Self::Message, 4) => Self::Enum,
            (Self::File, 6) => Self::Service,
            (Self::File, 7) | (Self::Message, 2 | 6) => Self::Field,
            (Self::Message, 5) => Self::ExtensionRange,
            (Self::Message, 8) => Self::Oneof,
            (Self::Enum, 2) => Self::EnumValue,
            (Self::Service, 2) => Self::Method,
            (Self::File | Self::Field, 8)
            | (Self::Message, 7)
            | (Self::Oneof, 2)
            | (Self::ExtensionRange | Self::Enum | Self::EnumValue | Self::Service, 3)
            | (Self::Method, 4) => Self::Options,
            (Self::Options, 999) => Self::UninterpretedOption,
            _ => return None,
        })
    }

    /// The numbers of its options, and of the features in them.
    pub(super) fn features(self) -> Option<(u32, u32)> {
        Some(match self {
            Self::File => (8, 50),
            Self::Message => (7, 12),
            Self::Field => (8, 21),
            Self::Oneof => (2, 1),
            Self::ExtensionRange => (3, 50),
            Self::Enum => (3, 7),
            Self::EnumValue => (3, 2),
            Self::Service => (3, 34),
            Self::Method => (4, 35),
            Self::Options | Self::UninterpretedOption => return None,
        })
    }

    /// The type of its options, in the package google.protobuf.
    pub(super) fn options_type(self) -> Option<&'static str> {
        Some(match self {
            Self::File => "FileOptions",
            Self::Message => "MessageOptions",
            Self::Field => "FieldOptions",
            Self::Oneof => "OneofOptions",
            Self::ExtensionRange => "ExtensionRangeOptions",
            Self::Enum => "EnumOptions",
            Self::EnumValue => "EnumValueOptions",
            Self::Service => "ServiceOptions",
            Self::Method => "MethodOptions",
            Self::Options | Self::UninterpretedOption => return None,
        })
    }
}

/// One field of a serialized message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) number: u32,
    /// The record including its tag.
    pub(super) whole: &'a [u8],
    pub(super) value: RecordValue<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum RecordValue<'a> {
    Varint(u64),
    Delimited(&'a [u8]),
    /// What is between two tags.
    Group(&'a [u8]),
    Fixed64(u64),
    Fixed32(u32),
}

/// The records of one message, in order. Ends after the first damaged one.
pub(super) fn records(mut bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>, DecodeError>> {
    std::iter::from_fn(move || {
        (!bytes.is_empty()).then(|| {
            let record = next_record(&mut bytes);
            if record.is_err() {
                bytes = &[];
            }
            record
        })
    })
}

fn next_record<'a>(bytes: &mut &'a [u8]) -> Result<Record<'a>, DecodeError> {
    let start = *bytes;
    let (number, wire_type) = decode_key(bytes)?;
    let after_key = *bytes;
    // Most are, and they are read once.
    if wire_type == WireType::LengthDelimited
        && let Some((contents, rest)) = split_contents(after_key)
    {
        *bytes = rest;
        return Ok(Record {
            number,
            whole: &start[..start.len() - rest.len()],
            value: RecordValue::Delimited(contents),
        });
    }
    skip_field(wire_type, number, bytes, DecodeContext::default())?;
    let mut value_bytes = &after_key[..after_key.len() - bytes.len()];
    let value = match wire_type {
        WireType::Varint => RecordValue::Varint(decode_varint(&mut value_bytes)?),
        WireType::StartGroup => RecordValue::Group(without_end(value_bytes, number)?),
        WireType::SixtyFourBit => RecordValue::Fixed64(value_bytes.get_u64_le()),
        // An end without a group has not been skipped, nor contents that are cut off.
        WireType::ThirtyTwoBit | WireType::EndGroup | WireType::LengthDelimited => {
            RecordValue::Fixed32(value_bytes.get_u32_le())
        }
    };
    Ok(Record {
        number,
        whole: &start[..start.len() - bytes.len()],
        value,
    })
}

/// What a length stands before, and what follows it. `None` if it is not all there.
fn split_contents(mut bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = decode_varint(&mut bytes).ok()?;
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

/// The contents of a group, which its end tag follows.
fn without_end(group: &[u8], number: u32) -> Result<&[u8], DecodeError> {
    let mut rest = group;
    loop {
        let before = group.len() - rest.len();
        let (found, wire_type) = decode_key(&mut rest)?;
        if wire_type == WireType::EndGroup && found == number {
            return Ok(&group[..before]);
        }
        skip_field(wire_type, found, &mut rest, DecodeContext::default())?;
    }
}

/// The number of `FileDescriptorProto.source_code_info`: comments, and where in the text everything is.
pub(super) const SOURCE_INFO: u32 = 9;

/// A serialized file without its source info. Its bytes have been checked.
pub(super) fn without_source_info(file: &[u8]) -> Bytes {
    without(file, SOURCE_INFO).into()
}

/// The bytes of a message without a field. They have been checked.
pub(super) fn without(message: &[u8], number: u32) -> Vec<u8> {
    let mut kept = Vec::new();
    for record in records(message)
        .flatten()
        .filter(|record| record.number != number)
    {
        kept.extend_from_slice(record.whole);
    }
    kept
}

/// A file without the options that descriptor.proto does not define. It has been checked.
pub(super) fn without_custom_options(file: &[u8]) -> Bytes {
    /// In all messages of options, extensions have numbers from here on.
    const CUSTOM: u32 = 1000;
    without_options(file, &|_, number| number >= CUSTOM)
}

/// A file without some options, which are chosen by the kinds of their elements and their numbers.
pub(super) fn without_options(file: &[u8], is_left_out: &dyn Fn(DescriptorKind, u32) -> bool) -> Bytes {
    let mut kept = Vec::with_capacity(file.len());
    copy_without(DescriptorKind::File, file, is_left_out, &mut kept);
    kept.into()
}

fn copy_without(
    kind: DescriptorKind,
    descriptor: &[u8],
    is_left_out: &dyn Fn(DescriptorKind, u32) -> bool,
    kept: &mut Vec<u8>,
) {
    for record in records(descriptor).flatten() {
        let (Some(child), RecordValue::Delimited(contents)) = (kind.child(record.number), record.value)
        else {
            kept.extend_from_slice(record.whole);
            continue;
        };
        let mut inner = Vec::with_capacity(contents.len());
        if child == DescriptorKind::Options {
            let options = records(contents).flatten();
            let options = options.filter(|option| !is_left_out(kind, option.number));
            options.for_each(|option| inner.extend_from_slice(option.whole));
        } else {
            copy_without(child, contents, is_left_out, &mut inner);
        }
        put(record.number, &inner, kept);
    }
}

/// Appends a field of bytes, text or a message.
pub(super) fn put(number: u32, contents: &[u8], bytes: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, bytes);
    encode_varint(contents.len() as u64, bytes);
    bytes.extend_from_slice(contents);
}

/// Appends a group.
pub(super) fn put_group(number: u32, contents: &[u8], bytes: &mut Vec<u8>) {
    encode_key(number, WireType::StartGroup, bytes);
    bytes.extend_from_slice(contents);
    encode_key(number, WireType::EndGroup, bytes);
}

/// Calls `visit` with every record of a descriptor of this kind and of the descriptors in it, outermost first.
pub(super) fn walk<'a>(
    kind: DescriptorKind,
    bytes: &'a [u8],
    visit: &mut dyn FnMut(DescriptorKind, &Record<'a>),
) -> Result<(), DecodeError> {
    let mut waiting = vec![(kind, bytes)];
    while let Some((kind, bytes)) = waiting.pop() {
        for record in records(bytes) {
            let record = record?;
            visit(kind, &record);
            if let (Some(child), RecordValue::Delimited(inner)) = (kind.child(record.number), record.value) {
                waiting.push((child, inner));
            }
        }
    }
    Ok(())
}
