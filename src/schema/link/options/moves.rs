//! [`Moves`]: where options are in the source info of a file, now that their names are known.
//!
//! The source info is most of a file's bytes. It stays bytes, and only the locations of options are read.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use prost::Message as _;
use prost::encoding::decode_varint;
use prost_types::source_code_info::Location;

use crate::schema::wire::{RecordValue, put, records};

/// What becomes of the locations of options.
#[derive(Debug)]
pub(super) struct Moves {
    /// Where options were, and where they are.
    pub(super) moved: HashMap<Vec<i32>, Vec<i32>>,
    /// What is not served.
    pub(super) removed: HashSet<Vec<i32>>,
}

impl Moves {
    /// The serialized `SourceCodeInfo` with its locations moved.
    pub(super) fn apply(&self, info: &Bytes) -> Bytes {
        if self.moved.is_empty() && self.removed.is_empty() {
            return info.clone();
        }
        let mut written = Vec::with_capacity(info.len());
        for record in records(info).flatten() {
            let RecordValue::Delimited(location) = record.value else {
                continue;
            };
            let path = path_of(location);
            let moved = self.target(&path);
            let new_path = moved.as_ref().unwrap_or(&path);
            if self.is_removed(new_path) {
                continue;
            }
            match moved {
                None => written.extend_from_slice(record.whole),
                Some(moved) => {
                    let mut location = Location::decode(location).expect("the parser wrote it");
                    location.path = moved;
                    put(1, &location.encode_to_vec(), &mut written);
                }
            }
        }
        written.into()
    }

    fn target(&self, path: &[i32]) -> Option<Vec<i32>> {
        if self.moved.is_empty() {
            return None;
        }
        let mut lengths = 2..=path.len();
        lengths.find_map(|length| {
            let target = self.moved.get(&path[..length])?;
            Some([target, &path[length..]].concat())
        })
    }

    fn is_removed(&self, path: &[i32]) -> bool {
        !self.removed.is_empty() && (1..=path.len()).any(|length| self.removed.contains(&path[..length]))
    }
}

/// The path of a serialized location.
fn path_of(location: &[u8]) -> Vec<i32> {
    let mut path = Vec::new();
    for record in records(location).flatten() {
        if let (1, RecordValue::Delimited(mut numbers)) = (record.number, record.value) {
            while let Ok(number) = decode_varint(&mut numbers) {
                path.push(number as i32);
            }
            break;
        }
    }
    path
}
