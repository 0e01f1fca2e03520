//! The bytes of a linked file as a descriptor pool takes them.

use super::wire::{DescriptorKind, RecordValue, put, records};

/// A linked file for prost-reflect.
///
/// It follows public imports for one step only, so the file also imports what it sees through further ones, `hidden`. And
/// when it first sees any options, it builds a pool of Google's own files, which takes as long as loading a small proto: so
/// the empty options of methods are left out, which compilers write for `rpc M(A) returns (B) {}`.
pub(super) fn pool_bytes<'n>(file: &[u8], hidden: impl Iterator<Item = &'n str>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(file.len());
    copy(DescriptorKind::File, file, &mut bytes);
    for import in hidden {
        put(3, import.as_bytes(), &mut bytes);
    }
    bytes
}

fn copy(kind: DescriptorKind, descriptor: &[u8], bytes: &mut Vec<u8>) {
    for record in records(descriptor).flatten() {
        let RecordValue::Delimited(contents) = record.value else {
            bytes.extend_from_slice(record.whole);
            continue;
        };
        match (kind, kind.child(record.number)) {
            (_, Some(child @ (DescriptorKind::Service | DescriptorKind::Method))) => {
                let mut inner = Vec::with_capacity(contents.len());
                copy(child, contents, &mut inner);
                put(record.number, &inner, bytes);
            }
            (DescriptorKind::Method, Some(DescriptorKind::Options)) if contents.is_empty() => {}
            _ => bytes.extend_from_slice(record.whole),
        }
    }
}
