//! Before the first byte is served: from proto text or descriptor sets to an immutable [`Schema`].
//!
//! Everything that can be wrong with the input is found here, all of it at once, with its place. What comes out
//! cannot be wrong: a descriptor pool, the compiler's own bytes of every file, and the tables that the hot path
//! reads.

mod builder;
mod empty_options;
mod graph;
mod imports;
mod layout;
mod link;
mod method;
mod proto_text;
mod set;
mod shipped;
mod source;
mod text;
mod well_known;
mod wire;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::DescriptorPool;

pub use self::builder::SchemaBuilder;
pub(crate) use self::layout::{FieldLayout, Layout, LayoutId, Layouts, Shape};
use self::link::Linked;
pub use self::method::Method;
pub(crate) use self::source::is_schema_source;
pub(crate) use self::text::first_bracket_below;
pub(crate) use self::well_known::WellKnown;
use crate::error::Error;
use crate::suggest;

/// An immutable, compiled set of protos. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

struct Inner {
    pool: DescriptorPool,
    files: Vec<SchemaFile>,
    layouts: Arc<Layouts>,
    /// Every method of every service, by `package.Service/Method`, sorted.
    methods: Vec<Arc<Method>>,
    watch_paths: Vec<PathBuf>,
    input_folders: Vec<InputFolder>,
}

/// A folder that inputs lie in: where rules are looked for that nobody named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFolder {
    /// The folder, as the input was given.
    pub path: PathBuf,
    /// Whether the folder is an input itself, with all folders below it; else a file in it is.
    pub whole: bool,
}

/// One file of a schema: its name in imports, and the bytes of its `FileDescriptorProto` just as the compiler
/// (or the descriptor set) has them.
#[derive(Debug, Clone)]
pub struct SchemaFile {
    /// The name that other files import it by.
    pub name: String,
    /// The serialized `google.protobuf.FileDescriptorProto`.
    pub descriptor: Bytes,
}

/// The names of files and methods only: a pool is large, and types may be recursive.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files().iter().map(|file| &file.name).collect();
        f.debug_struct("Schema")
            .field("files", &files)
            .field("methods", &self.methods())
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// A schema of several inputs, with import paths: see [`SchemaBuilder`].
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// Loads one input: a `.proto`, a folder of them, or a descriptor set.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().input(path.as_ref()).build()
    }

    /// Reads a serialized `google.protobuf.FileDescriptorSet`, such as `protoc --descriptor_set_out
    /// --include_imports` writes.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<Self, Error> {
        Self::builder()
            .descriptor_set(Bytes::copy_from_slice(bytes))
            .build()
    }

    /// Compiles one proto given as text, named `name`; for tests and examples. It may import what is built in or
    /// bundled (google/protobuf, google/api, google/rpc, google/type, buf/validate), and nothing from disk.
    ///
    /// ```
    /// let schema = protod::Schema::from_source("greeting.proto", r#"
    ///     syntax = "proto3";
    ///     package greeting;
    ///     service Greeter { rpc Greet(Name) returns (Name); }
    ///     message Name { string name = 1; }
    /// "#)?;
    /// assert!(schema.method("greeting.Greeter/Greet").is_some());
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn from_source(name: &str, text: &str) -> Result<Self, Error> {
        builder::from_source(name, text)
    }

    fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The descriptors of all files.
    pub fn pool(&self) -> &DescriptorPool {
        &self.inner.pool
    }

    /// All files, each after those it imports.
    pub fn files(&self) -> &[SchemaFile] {
        &self.inner.files
    }

    /// All methods of all services, sorted by name.
    pub fn methods(&self) -> &[Arc<Method>] {
        &self.inner.methods
    }

    /// The method `package.Service/Method`, with or without a leading slash.
    pub fn method(&self, name: &str) -> Option<&Arc<Method>> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let found = self
            .inner
            .methods
            .binary_search_by(|method| method.name().cmp(name))
            .ok()?;
        Some(&self.inner.methods[found])
    }

    /// The method of this name, or an error that suggests a near one if there is any.
    pub fn require_method(&self, name: &str) -> Result<&Arc<Method>, Error> {
        self.method(name).ok_or_else(|| {
            let known = self.methods().iter().map(|method| method.name());
            let hint = suggest::nearest(name, known)
                .map(|nearest| format!("; did you mean {nearest}?"))
                .unwrap_or_default();
            Error::unknown_name(format!("the schema has no method {name}{hint}"))
        })
    }

    /// Every file and folder whose change could change this schema: the inputs, the import paths given, the files
    /// read, and the buf.yaml files that named import roots. Absolute and sorted.
    pub fn watch_paths(&self) -> &[PathBuf] {
        &self.inner.watch_paths
    }

    /// The folders where rules files are looked for, in the order of the inputs: a file's own folder, a folder
    /// itself.
    pub fn input_folders(&self) -> &[InputFolder] {
        &self.inner.input_folders
    }

    pub(crate) fn layouts(&self) -> &Arc<Layouts> {
        &self.inner.layouts
    }
}

impl Inner {
    fn of(Linked { pool, files }: Linked) -> Self {
        let layouts = Arc::new(Layouts::of_pool(&pool));
        let mut methods: Vec<Arc<Method>> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| Arc::new(Method::new(method, &layouts)))
            .collect();
        methods.sort_by(|a, b| a.name().cmp(b.name()));
        Self {
            pool,
            files,
            layouts,
            methods,
            watch_paths: Vec::new(),
            input_folders: Vec::new(),
        }
    }
}
