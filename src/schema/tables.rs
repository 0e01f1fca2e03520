//! [`Tables`]: the files of a schema as bytes, and the descriptor pools that are made of them when somebody needs one.
//!
//! A pool takes ten times the bytes of its files, so of a large schema none is made of files that nobody asks about: the types
//! of a method come from a pool of what its file imports. Descriptors of two pools are not equal, so who compares those of
//! several methods takes a part of the schema that holds them all. A small schema has one pool.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use super::declared::DeclaredMethod;
use super::definitions::Definitions;
use super::features::{Edition, lowered_for_pool};
use super::guarded::guarded;
use super::layouts::Layouts;
use super::outline::KnownText;
use super::plain::without_options;
use super::pool_bytes::pool_bytes;
use super::schema_file::SchemaFile;
use super::valid_texts::valid_file;
use super::warning::Warning;
use super::wire::without_source_info;

/// The files of a schema of no more bytes are in one pool.
const ONE_POOL: usize = 4 << 20;

/// A linked file.
#[derive(Debug)]
pub(super) struct TableFile {
    pub(super) file: SchemaFile,
    pub(super) links: FileLinks,
}

/// What the tables keep of a file beside its bytes.
#[derive(Debug, Clone)]
pub(super) struct FileLinks {
    /// What a pool gets in place of its bytes, if that is something else.
    pub(super) for_pool: Option<Bytes>,
    /// A pool gets a file with an edition as one of proto2 or proto3.
    pub(super) edition: Option<Edition>,
    /// The files that it sees, by their places: first those that it imports itself.
    pub(super) imports: Box<[usize]>,
    /// How many it imports itself.
    pub(super) own_imports: usize,
    pub(super) definitions: Arc<Definitions>,
    pub(super) methods: Arc<[DeclaredMethod]>,
    /// What is hardly meant in it.
    pub(super) warnings: Arc<[Warning]>,
    /// The text that it was made of, if it was.
    pub(super) text: Option<Arc<KnownText>>,
}

/// The files of a schema, each after those that it imports.
pub(super) struct Tables {
    pub(super) files: Box<[SchemaFile]>,
    pub(super) links: Box<[FileLinks]>,
    /// How many bytes all files have.
    bytes: usize,
    all: OnceLock<Arc<Descriptors>>,
    reached: Mutex<Reached>,
}

/// The pools of what files reach.
#[derive(Default)]
struct Reached {
    by_file: HashMap<usize, Arc<Descriptors>>,
    /// How many bytes of files are in them.
    bytes: usize,
}

/// Descriptors of files, and the tables by which their messages are checked.
#[derive(Debug)]
pub(super) struct Descriptors {
    pub(super) pool: DescriptorPool,
    pub(super) layouts: Arc<Layouts>,
}

impl Tables {
    pub(super) fn new(files: Vec<TableFile>) -> Self {
        let (files, links): (Vec<SchemaFile>, Vec<FileLinks>) =
            files.into_iter().map(|file| (file.file, file.links)).unzip();
        Self {
            bytes: files.iter().map(|file| file.descriptor.len()).sum(),
            files: files.into(),
            links: links.into(),
            all: OnceLock::new(),
            reached: Mutex::default(),
        }
    }

    /// The descriptors of all files, with comments.
    pub(super) fn all(&self) -> &Arc<Descriptors> {
        self.all
            .get_or_init(|| Arc::new(self.descriptors(0..self.files.len(), true)))
    }

    #[cfg(test)]
    pub(super) fn has_pool(&self) -> bool {
        self.all.get().is_some()
    }

    /// How many bytes all files have.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one pool is enough for all files.
    pub(super) fn is_small(&self) -> bool {
        self.bytes <= ONE_POOL
    }

    /// The descriptors of a file and of all that it reaches. Those of different files may be of different pools.
    pub(super) fn reached_from(&self, file: usize) -> Arc<Descriptors> {
        if self.all.get().is_some() || self.is_small() {
            return Arc::clone(self.all());
        }
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = reached.by_file.get(&file) {
            return Arc::clone(known);
        }
        let files = self.closure([file]);
        let bytes = self.bytes_of(files.iter().copied());
        // They overlap: when they have become more than all files are, one pool is less.
        if reached.bytes + bytes > self.bytes {
            drop(reached);
            return Arc::clone(self.all());
        }
        reached.bytes += bytes;
        let descriptors = Arc::new(self.descriptors(files.into_iter(), false));
        reached.by_file.insert(file, Arc::clone(&descriptors));
        descriptors
    }

    /// Some files and all that they reach, each after those that it imports.
    pub(super) fn closure(&self, files: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut is_reached = vec![false; self.files.len()];
        let mut waiting: Vec<usize> = files.into_iter().collect();
        while let Some(file) = waiting.pop() {
            if !std::mem::replace(&mut is_reached[file], true) {
                waiting.extend(&self.links[file].imports);
            }
        }
        (0..self.files.len()).filter(|file| is_reached[*file]).collect()
    }

    /// The tables of `files`, which have all that they reach among them.
    pub(super) fn part(&self, files: &[usize]) -> Self {
        let places: HashMap<usize, usize> = files.iter().copied().zip(0..).collect();
        let part = files.iter().map(|file| {
            let links = self.links[*file].clone();
            TableFile {
                file: self.files[*file].clone(),
                links: FileLinks {
                    imports: links.imports.iter().map(|import| places[import]).collect(),
                    ..links
                },
            }
        });
        Self::new(part.collect())
    }

    fn bytes_of(&self, files: impl Iterator<Item = usize>) -> usize {
        files.map(|file| self.files[file].descriptor.len()).sum()
    }

    /// The descriptors of `files`, each of which comes after those that it imports, and they are among them.
    fn descriptors(&self, files: impl Iterator<Item = usize>, with_comments: bool) -> Descriptors {
        let mut pool = DescriptorPool::new();
        for file in files {
            let links = &self.links[file];
            let hidden = links.imports[links.own_imports..].iter();
            let hidden = hidden.map(|import| &*self.files[*import].name);
            let mut bytes = links
                .for_pool
                .clone()
                .unwrap_or_else(|| self.files[file].descriptor.clone());
            bytes = if with_comments {
                valid_file(&bytes, None)
            } else {
                without_source_info(&bytes)
            };
            let bytes = pool_bytes(&bytes, hidden).into();
            for part in lowered_for_pool(bytes, links.edition) {
                if let Err(error) = add(&mut pool, part) {
                    let file = &self.files[file].name;
                    tracing::error!("the descriptors of {file} are not whole, please report this: {error}");
                }
            }
        }
        Descriptors {
            layouts: Arc::new(Layouts::of_pool(&pool)),
            pool,
        }
    }
}

/// Adds a file to a pool. One whose options the pool refuses is added without them, as it was when it was linked: that it is
/// refused then too is an error that no file is known to cause.
fn add(pool: &mut DescriptorPool, file: Bytes) -> Result<(), String> {
    let whole = guarded(|| pool.decode_file_descriptor_proto(file.clone()));
    let Err(error) = whole.and_then(|added| added.map_err(|error| error.to_string())) else {
        return Ok(());
    };
    let mut file = FileDescriptorProto::decode(file).map_err(|error| error.to_string())?;
    without_options(&mut file);
    let plain = guarded(|| pool.add_file_descriptor_proto(file));
    match plain.and_then(|added| added.map_err(|error| error.to_string())) {
        Ok(()) => Err(format!("it has no options: {error}")),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}
