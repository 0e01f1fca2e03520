//! Options of methods that have none in them, as `rpc M(A) returns (B) {}` has.
//!
//! A compiler writes them, so clients get them. prost-reflect looks up what options there are, for which it builds a pool
//! of Google's own files, the first time that it meets any. That takes as long as all else of a small proto does, so a
//! pool is not told of options that are empty.

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::{FileDescriptorProto, MethodOptions};

use super::wire::{RecordValue, records};

/// `service` in a file, `method` in a service, `options` in a method.
const SERVICE: u32 = 6;
const METHOD: u32 = 2;
const OPTIONS: u32 = 4;

/// Methods by their service's index and their own.
#[derive(Debug)]
pub(super) struct EmptyOptions(Vec<(usize, usize)>);

impl EmptyOptions {
    /// Takes them out of a file.
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

/// A message in which each field of that number is what `change` makes of it, given its index and its contents.
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

/// A method without options, with empty ones, where a compiler writes them: in the order of numbers.
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
