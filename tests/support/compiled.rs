//! Files as protoc and protod compile them, to be compared.

use std::path::{Path, PathBuf};

/// A file, in two parts: two are equal if all their bytes are.
#[derive(Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) name: String,
    /// All but the source info.
    pub(crate) bytes: Vec<u8>,
    /// The places in its source info, in order.
    pub(crate) locations: Vec<Vec<u8>>,
}

impl File {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let (_, _, name) = records(bytes).find(|(number, ..)| *number == 1).expect("a name");
        let mut file = Self {
            name: String::from_utf8_lossy(name).into_owned(),
            bytes: Vec::new(),
            locations: Vec::new(),
        };
        for (number, whole, contents) in records(bytes) {
            if number == 9 {
                file.locations = records(contents)
                    .map(|(_, _, location)| location.to_vec())
                    .collect();
            } else {
                file.bytes.extend_from_slice(whole);
            }
        }
        file
    }
}

/// The fields of a serialized message: the number of each, its bytes, and its contents if they have a length.
pub(crate) fn records(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8], &[u8])> {
    use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
    std::iter::from_fn(move || {
        let start = bytes;
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        let mut contents = bytes;
        skip_field(wire_type, number, &mut bytes, DecodeContext::default()).expect("a serialized message");
        if wire_type == WireType::LengthDelimited {
            let length = decode_varint(&mut contents).expect("a length");
            contents = &contents[..usize::try_from(length).expect("a short length")];
        }
        Some((number, &start[..start.len() - bytes.len()], contents))
    })
}

/// protoc, which `make test` installs.
pub(crate) fn protoc() -> PathBuf {
    let protoc = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/bin/protoc");
    assert!(
        protoc.exists(),
        "protoc is missing: run make test, which installs it"
    );
    protoc
}
