//! [`Schema`]: the compiled protos, and what everyone asks them for.
//!
//! It is immutable and shared: a clone is a pointer, and a call in flight keeps the schema it began with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::DescriptorPool;

use super::layouts::Layouts;
use super::method::Method;
use crate::error::{Error, Problem};
use crate::suggest;

/// An immutable, compiled set of protos. Cheap to clone.
///
/// [`load`](Self::load) reads files, [`from_source`](Self::from_source) a text, and a [`SchemaBuilder`](super::SchemaBuilder)
/// several of both.
///
/// ```
/// # fn main() -> Result<(), protod::Error> {
/// use protod::Schema;
///
/// let schema = Schema::from_source("ping.proto", r#"
///     syntax = "proto3";
///     message Ping {}
///     service Pinger { rpc Send(Ping) returns (Ping); }
/// "#)?;
/// assert_eq!(schema.methods()[0].name(), "Pinger/Send");
/// # Ok(())
/// # }
/// ```
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

/// A folder of inputs of a [`Schema`]. Rules are looked for here unless others are named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputFolder {
    /// The folder, as the user named it.
    pub path: PathBuf,
    /// Whether the folder itself is an input, with all folders below it. If not, a file in it is.
    pub whole: bool,
}

/// One file of a [`Schema`]: its import name, and the bytes of its `FileDescriptorProto` as the compiler or the descriptor
/// set has them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SchemaFile {
    /// The name that other files import it by.
    pub name: String,
    /// The serialized `google.protobuf.FileDescriptorProto`.
    pub descriptor: Bytes,
    /// Whether it is there only because other files import it, and was not asked for.
    pub is_import: bool,
}

/// Prints only the names of files and methods: a pool is large, and types may be recursive.
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
    /// The schema of the linked `files`, each after those it imports, whose descriptors are in `pool`.
    pub(super) fn new(
        pool: DescriptorPool,
        files: Vec<SchemaFile>,
        watch_paths: Vec<PathBuf>,
        input_folders: Vec<InputFolder>,
    ) -> Self {
        let layouts = Arc::new(Layouts::of_pool(&pool));
        let mut methods: Vec<Arc<Method>> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| Arc::new(Method::new(method, &layouts)))
            .collect();
        methods.sort_by(|a, b| a.name().cmp(b.name()));
        let inner = Inner {
            pool,
            files,
            layouts,
            methods,
            watch_paths,
            input_folders,
        };
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
        self.method(name)
            .ok_or_else(|| Error::unknown_name(self.unknown_method(name).on_one_line()))
    }

    /// What is wrong with the name of a method that the schema does not have.
    pub(crate) fn unknown_method(&self, name: &str) -> Problem {
        let known = self.methods().iter().map(|method| method.name());
        let near = suggest::nearest(name, known);
        Problem::new(format!("the schema has no method {name}"))
            .with_hint_if(near.map(|near| format!("did you mean {near}?")))
    }

    /// The full name that was probably meant by one that the schema does not have: of a service, a method
    /// (`package.Service/Method`), a message, an enum or a file. `None` if none is near.
    ///
    /// ```
    /// let schema = protod::Schema::load("proto")?;
    /// assert_eq!(schema.suggest("proto.StreamServce"), Some("proto.StreamService".to_owned()));
    /// assert_eq!(schema.suggest("StreamPoint"), Some("proto.StreamPoint".to_owned()));
    /// assert_eq!(schema.suggest("nothing.like.it"), None);
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn suggest(&self, name: &str) -> Option<String> {
        let pool = self.pool();
        // Methods first: the name of one is also near to that of its service.
        let methods = self.methods().iter().map(|method| method.name());
        if let Some(method) = suggest::nearest(&with_slash(name), methods) {
            return Some(method.to_owned());
        }
        let known: Vec<String> = pool
            .services()
            .map(|service| service.full_name().to_owned())
            .chain(pool.all_messages().map(|message| message.full_name().to_owned()))
            .chain(
                pool.all_enums()
                    .map(|enumeration| enumeration.full_name().to_owned()),
            )
            .chain(pool.files().map(|file| file.name().to_owned()))
            .collect();
        suggest::nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
    }

    /// Every file and folder whose change could change this schema: the inputs, the given import paths, the files
    /// read, and the buf.yaml files that named import roots. The paths are absolute and sorted.
    pub fn watch_paths(&self) -> &[PathBuf] {
        &self.inner.watch_paths
    }

    /// The folders where rules files are looked for, in the order of the inputs: for a file its folder, for a folder
    /// the folder itself.
    pub fn input_folders(&self) -> &[InputFolder] {
        &self.inner.input_folders
    }

    pub(crate) fn layouts(&self) -> &Arc<Layouts> {
        &self.inner.layouts
    }
}

/// A name with a slash before its last part, as methods have.
fn with_slash(name: &str) -> String {
    match name.rsplit_once(['/', '.']) {
        Some((service, method)) => format!("{service}/{method}"),
        None => name.to_owned(),
    }
}
