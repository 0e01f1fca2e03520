//! Our compile of `proto/` against what the real protoc made of it.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protod::Schema;

use crate::support::repository_file;

/// A file without its source locations, and those as a set: protoc writes them in another order.
fn normalised(bytes: &[u8]) -> (Vec<u8>, BTreeSet<Vec<u8>>) {
    let mut file = FileDescriptorProto::decode(bytes).unwrap();
    let info = file.source_code_info.take().expect("source info is kept");
    assert_eq!(
        file.encoded_len() + info.encoded_len() + 3,
        bytes.len(),
        "no byte is unknown to prost"
    );
    let locations = info.location.iter().map(prost::Message::encode_to_vec).collect();
    (file.encode_to_vec(), locations)
}

#[test]
fn descriptor_bytes_equal_protoc() {
    for name in ["stream", "search"] {
        let ours = Schema::load(format!("proto/{name}.proto")).unwrap();
        let theirs =
            FileDescriptorSet::decode(&*repository_file(&format!("descriptors/{name}.binpb"))).unwrap();
        assert_eq!(ours.files().len(), theirs.file.len());
        for (ours, theirs) in ours.files().iter().zip(&theirs.file) {
            assert_eq!(ours.name, theirs.name());
            let (our_bytes, our_locations) = normalised(&ours.descriptor);
            let (their_bytes, their_locations) = normalised(&theirs.encode_to_vec());
            assert_eq!(our_bytes, their_bytes, "{name}");
            assert_eq!(our_locations, their_locations, "{name}");
        }
    }
}

#[test]
fn protocs_own_bytes_are_handed_out_verbatim() {
    for name in ["stream", "search"] {
        let set = repository_file(&format!("descriptors/{name}.binpb"));
        let schema = Schema::from_descriptor_set(&set).unwrap();
        let [file] = schema.files() else {
            panic!("one file")
        };
        assert!(set.ends_with(&file.descriptor) && set.len() - file.descriptor.len() == 3);
    }
}

#[test]
fn text_and_set_give_the_same_methods() {
    let text = Schema::load("proto").unwrap();
    let names: Vec<&str> = text.methods().iter().map(|method| method.name()).collect();
    assert_eq!(
        names,
        [
            "proto.SearchService/Search",
            "proto.StreamService/List",
            "proto.StreamService/Record",
            "proto.StreamService/Route"
        ]
    );
    let sets = Schema::builder()
        .input("descriptors/stream.binpb")
        .input("descriptors/search.binpb");
    let sets = sets.build().unwrap();
    assert_eq!(
        sets.methods()
            .iter()
            .map(|method| method.name())
            .collect::<Vec<_>>(),
        names
    );
}
