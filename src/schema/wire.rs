//! Walks the bytes of a serialized descriptor without any library's types.
//!
//! Bytes from outside are looked at here first: prost-reflect panics or overflows its stack on some of them. A
//! walk meets every record of every part of a file (messages, fields, options, …), so that wire damage anywhere is
//! an error here and nowhere else.

use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// A descriptor message, so far as the walk tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
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
    /// An option as it was written, before anyone has looked it up.
    UninterpretedOption,
}

impl Part {
    /// What the field `number` of this part holds, by descriptor.proto; nothing for scalars and for the parts that
    /// hold none of those above.
    fn child(self, number: u32) -> Option<Self> {
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
}

/// One field of a message, as it lies in the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) number: u32,
    /// The record with its tag.
    pub(super) whole: &'a [u8],
    pub(super) value: RecordValue<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum RecordValue<'a> {
    Varint(u64),
    Delimited(&'a [u8]),
    Other,
}

/// The records of one message, in order; ends after the first that is damaged.
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
    skip_field(wire_type, number, bytes, DecodeContext::default())?;
    let mut value_bytes = &after_key[..after_key.len() - bytes.len()];
    let value = match wire_type {
        WireType::Varint => RecordValue::Varint(decode_varint(&mut value_bytes)?),
        WireType::LengthDelimited => {
            decode_varint(&mut value_bytes)?;
            RecordValue::Delimited(value_bytes)
        }
        _ => RecordValue::Other,
    };
    Ok(Record {
        number,
        whole: &start[..start.len() - bytes.len()],
        value,
    })
}

/// Calls `visit` with every record of `part` and of the parts below it, outermost first.
pub(super) fn walk<'a>(
    part: Part,
    bytes: &'a [u8],
    visit: &mut dyn FnMut(Part, &Record<'a>),
) -> Result<(), DecodeError> {
    let mut waiting = vec![(part, bytes)];
    while let Some((part, bytes)) = waiting.pop() {
        for record in records(bytes) {
            let record = record?;
            visit(part, &record);
            if let (Some(child), RecordValue::Delimited(inner)) = (part.child(record.number), record.value) {
                waiting.push((child, inner));
            }
        }
    }
    Ok(())
}
