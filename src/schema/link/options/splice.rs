//! Puts options and the source info into the bytes of a file.

use std::collections::HashMap;

use bytes::Bytes;

use crate::schema::wire::{DescriptorKind, RecordValue, SOURCE_INFO, put, records};

/// The bytes of options by their path, and those of defaults that are no UTF-8; `None` for options of which nothing is left.
pub(in crate::schema::link) type OptionBytes = HashMap<Vec<i32>, Option<Vec<u8>>>;

/// The number of the default of a field.
const DEFAULT_VALUE: u32 = 7;

/// What is added at the end of elements, by their path.
pub(in crate::schema::link) type Tails = HashMap<Vec<i32>, Vec<u8>>;

/// The file with its options replaced, with `tails`, and with `info`, a serialized `SourceCodeInfo`, of which it has none. Every element of
/// `options` has some in the file already. The fields stay in the order of their numbers.
pub(in crate::schema::link) fn assembled(
    file: &[u8],
    options: &OptionBytes,
    tails: &Tails,
    info: Option<&[u8]>,
) -> Bytes {
    let info_length = info.map_or(0, <[u8]>::len);
    let mut spliced = Vec::with_capacity(file.len() + info_length + 64);
    let mut before_info = 0;
    for record in records(file)
        .flatten()
        .take_while(|record| record.number < SOURCE_INFO)
    {
        before_info += record.whole.len();
    }
    let (before, after) = file.split_at(before_info);
    splice(
        DescriptorKind::File,
        before,
        &mut Vec::new(),
        &(options, tails),
        &mut spliced,
    );
    if let Some(info) = info {
        put(SOURCE_INFO, info, &mut spliced);
    }
    spliced.extend_from_slice(after);
    if let Some(tail) = tails.get([].as_slice()) {
        spliced.extend_from_slice(tail);
    }
    spliced.into()
}

fn splice(
    kind: DescriptorKind,
    descriptor: &[u8],
    path: &mut Vec<i32>,
    parts: &(&OptionBytes, &Tails),
    spliced: &mut Vec<u8>,
) {
    let (options, tails) = parts;
    if options.is_empty() && tails.is_empty() {
        return spliced.extend_from_slice(descriptor);
    }
    let mut counts: HashMap<u32, i32> = HashMap::new();
    for record in records(descriptor).flatten() {
        if kind == DescriptorKind::Field && record.number == DEFAULT_VALUE {
            path.push(DEFAULT_VALUE as i32);
            match options.get(path.as_slice()) {
                Some(Some(replaced)) => put(record.number, replaced, spliced),
                _ => spliced.extend_from_slice(record.whole),
            }
            path.pop();
            continue;
        }
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
            splice(child, contents, path, parts, &mut inner);
            put(record.number, &inner, spliced);
        }
        path.truncate(above);
    }
    // That of the file comes after everything else of it.
    if let Some(tail) = tails.get(path.as_slice()).filter(|_| !path.is_empty()) {
        spliced.extend_from_slice(tail);
    }
}
