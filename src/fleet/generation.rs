//! [`Generation`]: protos and rules as one piece of bytes, which means the same wherever it is read.
//!
//! Protos are a descriptor set with all that they import: whoever reads it needs neither import paths nor the network. Rules files
//! and the files of messages that they name are texts with their names as they were given; no file of the reader is read.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use ring::digest::{SHA256, digest};

use super::records::GenerationRecord;
use crate::error::{Error, Problem};
use crate::rules::{Rules, RulesOptions, RulesTexts};
use crate::schema::Schema;

/// How many bytes of the hash are in an id.
const ID_BYTES: usize = 16;

/// Protos and rules that are served together: what a [`Fleet`](super::Fleet) publishes. Cheap to clone.
#[derive(Clone)]
pub struct Generation {
    inner: Arc<Inner>,
}

struct Inner {
    id: String,
    bytes: Bytes,
    protos: Bytes,
    rules: RulesTexts,
    counts: Counts,
}

/// How much is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    services: u32,
    methods: u32,
    rules: u32,
}

/// The bytes of a generation. Equal ones have equal bytes: fields are written in their order, and files in that of their names.
#[derive(Clone, PartialEq, Message)]
struct Packed {
    /// A `google.protobuf.FileDescriptorSet`.
    #[prost(bytes = "bytes", tag = "1")]
    protos: Bytes,
    #[prost(message, repeated, tag = "2")]
    rules: Vec<PackedFile>,
    /// The files of messages that rules name.
    #[prost(message, repeated, tag = "3")]
    messages: Vec<PackedFile>,
    #[prost(uint32, tag = "4")]
    services: u32,
    #[prost(uint32, tag = "5")]
    methods: u32,
    #[prost(uint32, tag = "6")]
    rule_count: u32,
}

#[derive(Clone, PartialEq, Message)]
struct PackedFile {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    text: String,
}

impl Generation {
    /// How many bytes it may take.
    pub const MAX_BYTES: usize = 64 << 20;

    /// Packs a schema and the rules that were loaded from files for it. Reads those files again.
    ///
    /// The same files by the same names are the same generation, wherever and whenever they are packed. Fails if a file cannot be
    /// read or has a name that is not Unicode, if it would take more than [`MAX_BYTES`](Self::MAX_BYTES), and, with the problems of
    /// rules, if the files have changed since they were loaded and are wrong now.
    ///
    /// ```
    /// # fn main() -> Result<(), protod::Error> {
    /// use protod::fleet::Generation;
    /// use protod::{Rules, RulesOptions, Schema};
    ///
    /// let schema = Schema::load("proto")?;
    /// let generation = Generation::pack(&schema, &Rules::beside(&schema)?)?;
    /// let there = generation.rules(&generation.schema()?, &RulesOptions::default())?;
    /// assert!(!there.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn pack(schema: &Schema, rules: &Rules) -> Result<Self, Error> {
        let files = rules.files_read();
        let read = |paths: &[PathBuf]| -> Result<Vec<PackedFile>, Error> {
            let mut files = paths
                .iter()
                .map(|path| read(path))
                .collect::<Result<Vec<_>, _>>()?;
            files.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            Ok(files)
        };
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let packed = Packed {
            protos: schema.descriptor_set().source_info(true).encode(),
            rules: read(&files.rules)?,
            messages: read(&files.messages)?,
            services: count(schema.services().len()),
            methods: count(schema.methods().len()),
            rule_count: count(rules.len()),
        };
        let generation = Self::decode(packed.encode_to_vec().into())?;
        // What is published stands for itself.
        generation.rules(&generation.schema()?, &RulesOptions::default())?;
        Ok(generation)
    }

    /// Reads what another has packed.
    pub(super) fn decode(bytes: Bytes) -> Result<Self, Error> {
        let unusable = |why: String| Error::invalid_input("cannot use the generation", why);
        if bytes.len() > Self::MAX_BYTES {
            return Err(unusable(format!(
                "it takes {} bytes, and may take {} MiB",
                bytes.len(),
                Self::MAX_BYTES >> 20
            )));
        }
        let packed = Packed::decode(bytes.clone()).map_err(|error| unusable(error.to_string()))?;
        let named = |files: Vec<PackedFile>| files.into_iter().map(|file| (file.name, file.text));
        let messages: HashMap<PathBuf, String> = named(packed.messages)
            .map(|(name, text)| (PathBuf::from(name), text))
            .collect();
        Ok(Self {
            inner: Arc::new(Inner {
                id: id_of(&bytes),
                protos: packed.protos,
                rules: RulesTexts {
                    rules: named(packed.rules).collect(),
                    messages: Arc::new(messages),
                },
                counts: Counts {
                    services: packed.services,
                    methods: packed.methods,
                    rules: packed.rule_count,
                },
                bytes,
            }),
        })
    }

    /// A hash of its bytes, in 32 hexadecimal digits: what it is called.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Links its protos.
    pub fn schema(&self) -> Result<Schema, Error> {
        Schema::builder()
            .descriptor_set(self.inner.protos.clone())
            .build()
    }

    /// Compiles its rules for its schema. Their files have the names that they had where they were packed.
    pub fn rules(&self, schema: &Schema, options: &RulesOptions) -> Result<Rules, Error> {
        options.load_texts(schema, &self.inner.rules)
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        self.inner.bytes.len()
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.inner.bytes
    }

    /// What is kept of it besides its bytes.
    pub(super) fn record(&self) -> GenerationRecord {
        let Counts {
            services,
            methods,
            rules,
        } = self.inner.counts;
        GenerationRecord {
            id: self.inner.id.clone(),
            bytes: self.inner.bytes.len() as u64,
            services,
            methods,
            rules,
        }
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Generation").field(&self.inner.id).finish()
    }
}

/// The id of the generation that has these bytes.
pub(super) fn id_of(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    let mut id = String::with_capacity(2 * ID_BYTES);
    for byte in &hash.as_ref()[..ID_BYTES] {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

fn read(path: &Path) -> Result<PackedFile, Error> {
    let name = path.to_str().ok_or_else(|| {
        let action = format!("cannot publish {}", path.display());
        Error::invalid_input(
            action,
            "its name is not Unicode, and others could not have it".to_owned(),
        )
    })?;
    let bytes = fs::read(path).map_err(|error| Error::io(format!("cannot read {name}"), error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Error::rules(vec![Problem::in_file(name, "is not UTF-8")]))?;
    // As readers of files leave it out.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(PackedFile {
        name: name.to_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const PROTO: &str = r#"syntax = "proto3"; package p; service S { rpc Get(M) returns (M); } message M { string text = 1; }"#;
    const RULES: &str = "rules:\n  - method: p.S/Get\n    reply_file: ../data/one.json\n";

    fn files() -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("api/p.proto", PROTO),
            ("mocks/p.rules.yaml", RULES),
            ("data/one.json", r#"{"text": "one"}"#),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        }
        folder
    }

    fn pack(folder: &Path) -> Result<Generation, Error> {
        let schema = Schema::load(folder.join("api"))?;
        let rules = Rules::load(&schema, &[folder.join("mocks")])?;
        Generation::pack(&schema, &rules)
    }

    #[test]
    fn what_is_packed_needs_no_file_any_more_and_is_the_same_each_time() {
        let folder = files();
        let generation = pack(folder.path()).expect("packed");
        assert_eq!(pack(folder.path()).expect("packed").id(), generation.id());
        let bytes = generation.bytes().clone();
        drop(folder);
        let there = Generation::decode(bytes).expect("read");
        assert_eq!(there.id(), generation.id());
        assert_eq!(there.record(), generation.record());
        let schema = there.schema().expect("linked");
        let rules = there.rules(&schema, &RulesOptions::default()).expect("compiled");
        assert_eq!(rules.len(), 1);
        // Nothing of this machine is watched.
        assert_eq!(rules.watch_paths().count(), 0);
        assert!(schema.watch_paths().is_empty());
    }

    #[test]
    fn another_text_is_another_generation() {
        let folder = files();
        let before = pack(folder.path()).expect("packed");
        fs::write(folder.path().join("data/one.json"), r#"{"text": "two"}"#).expect("written");
        assert_ne!(pack(folder.path()).expect("packed").id(), before.id());
    }

    #[test]
    fn a_file_that_is_not_in_it_is_not_looked_for_on_disk() {
        let folder = files();
        let beside = folder.path().join("data/two.json");
        fs::write(&beside, r#"{"text": "two"}"#).expect("written");
        let packed = Packed {
            protos: Schema::load(folder.path().join("api"))
                .expect("compiled")
                .descriptor_set()
                .encode(),
            rules: vec![PackedFile {
                name: folder.path().join("a.rules.yaml").display().to_string(),
                text: format!("rules: [{{method: p.S/Get, reply_file: '{}'}}]", beside.display()),
            }],
            ..Packed::default()
        };
        let there = Generation::decode(packed.encode_to_vec().into()).expect("read");
        let schema = there.schema().expect("linked");
        let error = there
            .rules(&schema, &RulesOptions::default())
            .expect_err("not there");
        let text = error.problems()[0].to_string();
        assert!(text.contains("two.json is not there"), "{text}");
    }

    #[test]
    fn bytes_that_are_none_are_refused() {
        assert!(Generation::decode(Bytes::from_static(b"\xff\xff")).is_err());
        assert!(Generation::decode(vec![0; Generation::MAX_BYTES + 1].into()).is_err());
    }
}
