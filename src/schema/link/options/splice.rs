//! Puts options into the bytes of a file.

use std::collections::HashMap;

use prost::encoding::{WireType, encode_key, encode_varint};

use crate::schema::wire::{DescriptorKind, RecordValue, records};

/// The bytes of options by their path; `None` for options of which nothing is left.
pub(in crate::schema::link) type OptionBytes = HashMap<Vec<i32>, Option<Vec<u8>>>;

/// The file with its options replaced. Every element of `options` has some in `file` already.
pub(in crate::schema::link) fn with_options(file: &[u8], options: &OptionBytes) -> Vec<u8> {
    let mut spliced = Vec::with_capacity(file.len());
    splice(DescriptorKind::File, file, &mut Vec::new(), options, &mut spliced);
    spliced
}

fn splice(
    kind: DescriptorKind,
    descriptor: &[u8],
    path: &mut Vec<i32>,
    options: &OptionBytes,
    spliced: &mut Vec<u8>,
) {
    let mut counts: HashMap<u32, i32> = HashMap::new();
    for record in records(descriptor).flatten() {
        let (Some(child), RecordValue::Delimited(contents)) = (kind.child(record.number), record.value)
        else {
            spliced.extend_from_slice(record.whole);
            continue;
        };
        let above = path.len();
        path.push(record.number as i32);
        if child == DescriptorKind::Options {
            match options.get(path.as_slice()) {
                Some(Some(replaced)) => put(record.number, replaced, spliced),
                Some(None) => {}
                None => spliced.extend_from_slice(record.whole),
            }
        } else {
            let count = counts.entry(record.number).or_default();
            path.push(*count);
            *count += 1;
            let mut inner = Vec::with_capacity(contents.len());
            splice(child, contents, path, options, &mut inner);
            put(record.number, &inner, spliced);
        }
        path.truncate(above);
    }
}

fn put(number: u32, contents: &[u8], bytes: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, bytes);
    encode_varint(contents.len() as u64, bytes);
    bytes.extend_from_slice(contents);
}
