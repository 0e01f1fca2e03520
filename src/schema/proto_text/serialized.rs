//! The fields of serialized options, without a descriptor: numbers, and bytes.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_types::field_descriptor_proto::Type;

/// A value as it is serialized.
#[derive(Debug, Clone, Copy)]
pub(super) enum Serialized<'b> {
    Number(u64),
    /// What has a length.
    Bytes(&'b [u8]),
    /// What is between two tags.
    Group(&'b [u8]),
}

/// The fields of a serialized message, with their numbers. Ends before the first that is damaged.
pub(super) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (i32, Serialized<'_>)> {
    std::iter::from_fn(move || {
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        let mut contents = bytes;
        skip_field(wire_type, number, &mut bytes, DecodeContext::default()).ok()?;
        let end = contents.len() - bytes.len();
        let value = match wire_type {
            WireType::Varint => Serialized::Number(decode_varint(&mut contents).ok()?),
            WireType::SixtyFourBit => Serialized::Number(u64::from_le_bytes(*contents.first_chunk()?)),
            WireType::ThirtyTwoBit => Serialized::Number(u32::from_le_bytes(*contents.first_chunk()?).into()),
            WireType::LengthDelimited => {
                let whole = &contents[..end];
                let mut inner = whole;
                decode_varint(&mut inner).ok()?;
                Serialized::Bytes(inner)
            }
            WireType::StartGroup => Serialized::Group(without_end(&contents[..end], number)?),
            WireType::EndGroup => return None,
        };
        Some((i32::try_from(number).ok()?, value))
    })
}

/// The contents of a group, which its end tag follows.
fn without_end(group: &[u8], number: u32) -> Option<&[u8]> {
    let mut rest = group;
    while !rest.is_empty() {
        let before = group.len() - rest.len();
        let (found, wire_type) = decode_key(&mut rest).ok()?;
        if wire_type == WireType::EndGroup && found == number {
            return Some(&group[..before]);
        }
        skip_field(wire_type, found, &mut rest, DecodeContext::default()).ok()?;
    }
    None
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
