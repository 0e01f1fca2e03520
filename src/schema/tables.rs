//! [`Tables`]: the files of a schema as bytes, and the descriptor pools that are made of them when somebody needs one.
//!
//! A pool takes ten times the bytes of its files, so none is made of files that nobody asks about.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use prost_reflect::DescriptorPool;

use super::declared::DeclaredMethod;
use super::definitions::Definitions;
use super::features::{Edition, lowered_for_pool};
use super::layouts::Layouts;
use super::pool_bytes::pool_bytes;
use super::schema_file::SchemaFile;

/// A linked file.
#[derive(Debug)]
pub(super) struct TableFile {
    pub(super) file: SchemaFile,
    pub(super) links: FileLinks,
}

/// What the tables keep of a file beside its bytes.
#[derive(Debug)]
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
    pub(super) methods: Box<[DeclaredMethod]>,
}

/// The files of a schema, each after those that it imports.
pub(super) struct Tables {
    pub(super) files: Box<[SchemaFile]>,
    pub(super) links: Box<[FileLinks]>,
    all: OnceLock<Descriptors>,
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
            files: files.into(),
            links: links.into(),
            all: OnceLock::new(),
        }
    }

    /// The descriptors of all files.
    pub(super) fn all(&self) -> &Descriptors {
        self.all.get_or_init(|| self.descriptors(0..self.files.len()))
    }

    /// The descriptors of `files`, each of which comes after those that it imports, and they are among them.
    fn descriptors(&self, files: impl Iterator<Item = usize>) -> Descriptors {
        let mut pool = DescriptorPool::new();
        for place in files {
            let links = &self.links[place];
            let hidden = links.imports[links.own_imports..].iter();
            let hidden = hidden.map(|import| &*self.files[*import].name);
            let bytes = links.for_pool.as_ref().unwrap_or(&self.files[place].descriptor);
            for part in lowered_for_pool(pool_bytes(bytes, hidden).into(), links.edition) {
                pool.decode_file_descriptor_proto(part)
                    .expect("a pool took what this file needs when it was linked");
            }
        }
        Descriptors {
            layouts: Arc::new(Layouts::of_pool(&pool)),
            pool,
        }
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}
