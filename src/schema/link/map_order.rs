//! Options that are a map, in the order of their keys.
//!
//! prost-reflect writes the entries of a map in another order each time. What reflection serves, and what two loads are
//! compared by, must be the same each time, so the entries are sorted in the serialized file. All else stays as it is.

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, MessageDescriptor};

use crate::schema::wire::{DescriptorKind, RecordValue, records};

/// The serialized file with the entries of all maps in its options sorted. `pool` knows the file.
pub(super) fn with_maps_in_order(file: Bytes, pool: &DescriptorPool) -> Bytes {
    // Nobody has options of their own without it.
    if pool
        .get_file_by_name("google/protobuf/descriptor.proto")
        .is_none()
    {
        return file;
    }
    match descriptor_in_order(DescriptorKind::File, &file, pool) {
        Some(sorted) => sorted.into(),
        None => file,
    }
}

/// A descriptor with the options in it sorted; `None` if they are in order.
fn descriptor_in_order(kind: DescriptorKind, descriptor: &[u8], pool: &DescriptorPool) -> Option<Vec<u8>> {
    rewritten(descriptor, |number, contents| match kind.child(number)? {
        DescriptorKind::Options => {
            let name = format!("google.protobuf.{}", kind.options_type()?);
            message_in_order(&pool.get_message_by_name(&name)?, contents)
        }
        child => descriptor_in_order(child, contents, pool),
    })
}

/// A message with its maps sorted; `None` if they are in order.
fn message_in_order(descriptor: &MessageDescriptor, message: &[u8]) -> Option<Vec<u8>> {
    let message_kind = |number| {
        let field = descriptor.get_field(number).map(|field| field.kind());
        let kind = field.or_else(|| Some(descriptor.get_extension(number)?.kind()))?;
        match kind {
            Kind::Message(message) => Some(message),
            _ => None,
        }
    };
    let inner = rewritten(message, |number, contents| {
        message_in_order(&message_kind(number)?, contents)
    });
    let message = inner.as_deref().unwrap_or(message);
    let mut sorted = Vec::with_capacity(message.len());
    let mut entries: Vec<(MapKey, &[u8])> = Vec::new();
    let mut entries_of = None;
    let flush = |entries: &mut Vec<(MapKey, &[u8])>, sorted: &mut Vec<u8>| {
        // The sort is stable: of two entries with one key the last still counts.
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (_, whole) in entries.drain(..) {
            sorted.extend_from_slice(whole);
        }
    };
    for record in records(message).flatten() {
        let entry = match record.value {
            RecordValue::Delimited(contents) => message_kind(record.number)
                .filter(MessageDescriptor::is_map_entry)
                .and_then(|entry| key(entry, contents)),
            _ => None,
        };
        if entries_of != Some(record.number) {
            flush(&mut entries, &mut sorted);
        }
        entries_of = Some(record.number);
        match entry {
            Some(key) => entries.push((key, record.whole)),
            None => sorted.extend_from_slice(record.whole),
        }
    }
    flush(&mut entries, &mut sorted);
    (sorted != message || inner.is_some()).then_some(sorted)
}

/// The key of a map's entry.
fn key(entry: MessageDescriptor, contents: &[u8]) -> Option<MapKey> {
    let entry = DynamicMessage::decode(entry, contents).ok()?;
    entry.get_field_by_number(1)?.into_owned().into_map_key()
}

/// The message with the contents of its fields replaced where `change` returns some; `None` if it returns none.
fn rewritten(message: &[u8], mut change: impl FnMut(u32, &[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut changed: Option<Vec<u8>> = None;
    let mut copied = 0;
    for record in records(message).flatten() {
        let end = copied + record.whole.len();
        let replacement = match record.value {
            RecordValue::Delimited(contents) => change(record.number, contents),
            _ => None,
        };
        match (replacement, &mut changed) {
            (Some(contents), place) => {
                let changed = place.get_or_insert_with(|| message[..copied].to_vec());
                encode_key(record.number, WireType::LengthDelimited, changed);
                encode_varint(contents.len() as u64, changed);
                changed.extend_from_slice(&contents);
            }
            (None, Some(changed)) => changed.extend_from_slice(record.whole),
            (None, None) => {}
        }
        copied = end;
    }
    changed
}
