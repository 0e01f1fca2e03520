//! The fields of serialized options, without a descriptor: numbers, and bytes.

use prost::encoding::decode_varint;
use prost_types::field_descriptor_proto::{Label, Type};

use crate::schema::descriptor::Field;
use crate::schema::wire::{RecordValue, records};

/// A value as it is serialized.
#[derive(Debug, Clone, Copy)]
pub(super) enum Serialized<'b> {
    Number(u64),
    /// What has a length.
    Bytes(&'b [u8]),
    /// What is between two tags.
    Group(&'b [u8]),
}

impl Serialized<'_> {
    /// Whether it may be a value of a field.
    pub(super) fn may_be(self, field: &Field) -> bool {
        let kind = field.r#type();
        let has_length = matches!(kind, Type::String | Type::Bytes | Type::Message);
        match self {
            Self::Number(_) => !has_length && kind != Type::Group,
            Self::Bytes(_) => has_length || (field.label() == Label::Repeated && kind != Type::Group),
            // In editions a message may be between tags.
            Self::Group(_) => matches!(kind, Type::Group | Type::Message),
        }
    }
}

/// The fields of a serialized message, with their numbers. Ends before the first that is damaged.
pub(super) fn fields(bytes: &[u8]) -> impl Iterator<Item = (i32, Serialized<'_>)> {
    records(bytes).map_while(|record| {
        let record = record.ok()?;
        let value = match record.value {
            RecordValue::Varint(number) | RecordValue::Fixed64(number) => Serialized::Number(number),
            RecordValue::Fixed32(number) => Serialized::Number(number.into()),
            RecordValue::Delimited(contents) => Serialized::Bytes(contents),
            RecordValue::Group(contents) => Serialized::Group(contents),
        };
        Some((i32::try_from(record.number).ok()?, value))
    })
}

/// The numbers of a packed field of this type.
pub(super) fn packed(kind: Type, mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut next = || {
        Some(match kind {
            Type::Double | Type::Fixed64 | Type::Sfixed64 => {
                let (first, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                u64::from_le_bytes(*first)
            }
            Type::Float | Type::Fixed32 | Type::Sfixed32 => {
                let (first, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                u32::from_le_bytes(*first).into()
            }
            _ => decode_varint(&mut bytes).ok()?,
        })
    };
    while let Some(number) = next() {
        numbers.push(number);
    }
    numbers
}

/// The messages of a message set, by the numbers of their extensions.
pub(super) fn set_items(bytes: &[u8]) -> impl Iterator<Item = (i32, &[u8])> {
    fields(bytes).filter_map(|field| {
        let (1, Serialized::Group(item)) = field else {
            return None;
        };
        let (mut id, mut contents) = (None, None);
        for field in fields(item) {
            match field {
                (2, Serialized::Number(number)) => id = i32::try_from(number).ok(),
                (3, Serialized::Bytes(bytes)) => contents = Some(bytes),
                _ => {}
            }
        }
        Some((id?, contents?))
    })
}
