//! The files that come with protod.
//!
//! `google/protobuf/*` is built in: a copy is used if it is where protoc would be told to look, and not if it lies somewhere else
//! in a tree. What the options mean that descriptor.proto has is always that of today. The other protos that most APIs import are
//! bundled, and are used if the user has no copy at all. All are compiled by protoc (`scripts/bundled-protos.sh`), and those of `google/protobuf` have protoc's source info where
//! they are served: it is most of their bytes, and no stage here reads it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::FileDescriptorProto;

use super::set::{self, SetFile};
use crate::schema::layouts::Layouts;
use crate::schema::wire::{RecordValue, records, without_source_info};
use crate::suggest;

const OUR_PROTOS: &str = "the protos of protod";
const BY_PROTOC: &str = "protoc wrote the set";

/// The serialized google/protobuf/descriptor.proto of today, without its source info.
pub(in crate::schema) fn descriptor_proto() -> Bytes {
    let file = built_in("google/protobuf/descriptor.proto");
    file.expect("it is built in").descriptor
}

/// A file of `google/protobuf/`, by its import name.
pub(super) fn built_in(name: &str) -> Option<SetFile> {
    all_built_in().get(name).cloned()
}

/// The message of the options of an element, as today's descriptor.proto has it. It is not that of the pool in which files
/// are linked: a pool that somebody else refers to is copied when a file is added.
pub(in crate::schema) fn options_message(name: &str) -> Option<MessageDescriptor> {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let mut pool = DescriptorPool::new();
        let added = pool.decode_file_descriptor_proto(descriptor_proto());
        added.expect("protoc compiled it");
        pool
    });
    POOL.get_message_by_name(&format!("google.protobuf.{name}"))
}

/// The import name of a path, if it is a copy of a built-in file.
pub(super) fn built_in_name(path: &str) -> Option<&str> {
    let name = &path[path.rfind("google/protobuf/")?..];
    (built_in(name).is_some()).then_some(name)
}

/// A file of google/api, google/rpc, google/type or buf/validate, by its import name.
pub(super) fn bundled(name: &str) -> Option<&'static SetFile> {
    all_bundled().get(name)
}

/// The layouts of the details of errors that google.rpc has.
pub(crate) fn error_details() -> &'static Arc<Layouts> {
    static LAYOUTS: LazyLock<Arc<Layouts>> = LazyLock::new(|| {
        let mut pool = DescriptorPool::new();
        for name in ["google/protobuf/any.proto", "google/protobuf/duration.proto"] {
            let file = built_in(name).expect("it is built in");
            pool.decode_file_descriptor_proto(file.descriptor)
                .expect("protoc compiled it");
        }
        let file = bundled("google/rpc/error_details.proto").expect("it is bundled");
        pool.decode_file_descriptor_proto(file.descriptor.clone())
            .expect("protoc compiled it");
        Arc::new(Layouts::of_pool(&pool))
    });
    &LAYOUTS
}

/// The import names of the built-in files that protos import.
const BUILT_IN: [&str; 8] = [
    "google/protobuf/any.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
    "google/protobuf/descriptor.proto",
];

/// The import name of a file that comes with protod, of which this is the end.
pub(super) fn name_that_ends_with(import: &str) -> Option<&'static str> {
    let bundled = all_bundled().keys().map(String::as_str);
    let is_it = |name: &&str| name.strip_suffix(import).is_some_and(|rest| rest.ends_with('/'));
    BUILT_IN.into_iter().chain(bundled).filter(is_it).min()
}

/// The import name of a file that comes with protod, of which this is a slip.
pub(super) fn name_near(import: &str) -> Option<&'static str> {
    let bundled = all_bundled().keys().map(String::as_str);
    suggest::nearest(import, BUILT_IN.into_iter().chain(bundled))
}

/// The import name of the file that comes with protod which a path without its ending means, or the name of a type.
pub(in crate::schema) fn bundled_file_of(written: &str) -> Option<String> {
    let name = format!("{written}.proto");
    if built_in(&name).is_some() || bundled(&name).is_some() {
        return Some(name);
    }
    let (package, local) = written.rsplit_once('.')?;
    let mut files = bundled_files().filter_map(|file| FileDescriptorProto::decode(file).ok());
    let file = files.find(|file| {
        let mut messages = file.message_type.iter();
        file.package() == package && messages.any(|message| message.name() == local)
    })?;
    file.name
}

/// The descriptors of all files that come with protod.
pub(in crate::schema) fn bundled_files() -> impl Iterator<Item = Bytes> {
    let built_in = BUILT_IN.into_iter().filter_map(built_in);
    let bundled = all_bundled().values().cloned();
    built_in.chain(bundled).map(|file| file.descriptor)
}

/// The files of the types that an `Any` holds wherever it is, by name.
#[cfg(feature = "client")]
pub(crate) fn well_known_files() -> Vec<(&'static str, Bytes)> {
    let files = all_built_in().iter();
    let files = files.filter(|(name, _)| !name.ends_with("_features.proto") && !name.contains("/compiler/"));
    let mut files: Vec<_> = files
        .map(|(name, file)| (name.as_str(), file.descriptor.clone()))
        .collect();
    files.sort_by_key(|(name, _)| *name);
    files
}

fn all_built_in() -> &'static HashMap<String, SetFile> {
    static FILES: LazyLock<HashMap<String, SetFile>> = LazyLock::new(|| {
        let set = Bytes::from_static(include_bytes!("google_protobuf.binpb"));
        let files = records(&set).flatten().filter_map(|record| match record.value {
            RecordValue::Delimited(file) => Some(set.slice_ref(file)),
            _ => None,
        });
        files.map(built_in_file).collect()
    });
    &FILES
}

/// A file of `google/protobuf/`, and its name.
fn built_in_file(with_source_info: Bytes) -> (String, SetFile) {
    let file = set::read_file(OUR_PROTOS, without_source_info(&with_source_info)).expect(BY_PROTOC);
    let with_source_info = Some(with_source_info);
    (
        file.name.clone(),
        SetFile {
            with_source_info,
            ..file
        },
    )
}

fn all_bundled() -> &'static HashMap<String, SetFile> {
    static FILES: LazyLock<HashMap<String, SetFile>> =
        LazyLock::new(|| files_of(include_bytes!("bundled.binpb")));
    &FILES
}

/// The files of a set, by name.
fn files_of(set: &'static [u8]) -> HashMap<String, SetFile> {
    let files = set::read(OUR_PROTOS, &Bytes::from_static(set)).expect(BY_PROTOC);
    files.into_iter().map(|file| (file.name.clone(), file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_holds_what_apis_import_and_all_that_it_imports() {
        for name in [
            "google/api/annotations.proto",
            "google/rpc/error_details.proto",
            "google/type/money.proto",
        ] {
            assert!(bundled(name).is_some(), "{name}");
        }
        let mut waiting = vec![
            "buf/validate/validate.proto".to_owned(),
            "google/api/service.proto".to_owned(),
        ];
        while let Some(name) = waiting.pop() {
            let file = bundled(&name)
                .cloned()
                .or_else(|| built_in(&name))
                .unwrap_or_else(|| panic!("{name}"));
            waiting.extend(file.dependencies);
        }
    }

    #[test]
    fn a_copy_of_a_built_in_file_is_told_by_its_path() {
        let path = "third_party/google/protobuf/descriptor.proto";
        assert_eq!(built_in_name(path), Some("google/protobuf/descriptor.proto"));
        assert_eq!(built_in_name("google/protobuf/unknown.proto"), None);
        assert_eq!(built_in_name("my_google/protobuf.proto"), None);
    }
}
