//! Empty options of methods, as in `rpc M(A) returns (B) {}`.
//!
//! Compilers write them, so clients get them. But when prost-reflect first sees any options, it looks up which options
//! exist, and for that builds a pool of Google's own files. That takes as long as loading a small proto, so empty options
//! are removed before a file goes into a pool, and put back into its bytes afterwards.

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::{FileDescriptorProto, MethodOptions};

use crate::schema::wire::{RecordValue, records};

/// `service` in a file, `method` in a service, `options` in a method.
const SERVICE: u32 = 6;
const METHOD: u32 = 2;
const OPTIONS: u32 = 4;

/// Methods by their service's index and their own.
#[derive(Debug)]
pub(super) struct EmptyOptions(Vec<(usize, usize)>);

impl EmptyOptions {
    /// Removes them from a file.
    pub(super) fn take_from(file: &mut FileDescriptorProto) -> Self {
        let mut taken = Vec::new();
        for (service, declared) in file.service.iter_mut().enumerate() {
            for (method, declared) in declared.method.iter_mut().enumerate() {
                if declared
                    .options
                    .take_if(|options| *options == MethodOptions::default())
                    .is_some()
                {
                    taken.push((service, method));
                }
            }
        }
        Self(taken)
    }

    /// Puts them back into the serialized file.
    pub(super) fn put_back(&self, file: Bytes) -> Bytes {
        if self.0.is_empty() {
            return file;
        }
        let file = with_each(&file, SERVICE, |service, bytes| {
            with_each(bytes, METHOD, |method, bytes| {
                if self.0.contains(&(service, method)) {
                    with_empty_options(bytes)
                } else {
                    bytes.to_vec()
                }
            })
        });
        file.into()
    }
}

/// The message with each field of this number replaced by the result of `change`, which gets its index and contents.
fn with_each(message: &[u8], number: u32, mut change: impl FnMut(usize, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut changed = Vec::with_capacity(message.len() + 64);
    let mut index = 0;
    for record in records(message).flatten() {
        match record.value {
            RecordValue::Delimited(contents) if record.number == number => {
                let contents = change(index, contents);
                index += 1;
                encode_key(number, WireType::LengthDelimited, &mut changed);
                encode_varint(contents.len() as u64, &mut changed);
                changed.extend_from_slice(&contents);
            }
            _ => changed.extend_from_slice(record.whole),
        }
    }
    changed
}

/// The method with empty options, in the order of field numbers, as a compiler writes it.
fn with_empty_options(method: &[u8]) -> Vec<u8> {
    let before: usize = records(method)
        .flatten()
        .take_while(|record| record.number < OPTIONS)
        .map(|record| record.whole.len())
        .sum();
    let (before, after) = method.split_at(before);
    let mut options = Vec::new();
    prost::encoding::message::encode(OPTIONS, &MethodOptions::default(), &mut options);
    [before, &options, after].concat()
}
