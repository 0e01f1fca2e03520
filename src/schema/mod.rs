//! Before the first byte is served: from proto text or descriptor sets to an immutable [`Schema`].
//!
//! Everything that can be wrong with the input is found here, all of it at once, with its place. What comes out
//! cannot be wrong: a descriptor pool, the compiler's own bytes of every file, and the tables that the hot path
//! reads ([`layout`]).

mod layout;
mod method;

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::DescriptorPool;

pub(crate) use self::layout::{FieldLayout, Layout, LayoutId, Layouts, Shape};
pub use self::method::Method;
use crate::{Error, Problem};

/// An immutable, compiled set of protos. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: DescriptorPool,
    files: Vec<SchemaFile>,
    layouts: Arc<Layouts>,
    /// Every method of every service, by `package.Service/Method`, sorted.
    methods: Vec<Arc<Method>>,
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

impl Schema {
    /// Reads a serialized `google.protobuf.FileDescriptorSet`, such as `protoc --descriptor_set_out
    /// --include_imports` writes.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<Self, Error> {
        let pool =
            DescriptorPool::decode(bytes).map_err(|error| Error::schema(vec![Problem::foreign(error)]))?;
        let files = pool
            .files()
            .map(|file| SchemaFile {
                name: file.name().to_owned(),
                descriptor: file.encode_to_vec().into(),
            })
            .collect();
        Ok(Self::of_pool(pool, files))
    }

    /// Compiles one proto given as text, named `name`; for tests and examples.
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
        let failed = |error: protox::Error| Error::schema(vec![Problem::foreign(error)]);
        let mut files = protox::file::ChainFileResolver::new();
        files.add(OneText(
            protox::file::File::from_source(name, text).map_err(failed)?,
        ));
        files.add(protox::file::GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(files);
        compiler
            .include_imports(true)
            .include_source_info(true)
            .open_file(name)
            .map_err(failed)?;
        Self::from_descriptor_set(&compiler.encode_file_descriptor_set())
    }

    fn of_pool(pool: DescriptorPool, files: Vec<SchemaFile>) -> Self {
        let layouts = Arc::new(Layouts::of_pool(&pool));
        let mut methods: Vec<Arc<Method>> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| Arc::new(Method::new(method, &layouts)))
            .collect();
        methods.sort_by(|a, b| a.name().cmp(b.name()));
        Self {
            inner: Arc::new(Inner {
                pool,
                files,
                layouts,
                methods,
            }),
        }
    }

    /// Where rules files are looked for.
    pub fn input_folders(&self) -> &[std::path::PathBuf] {
        &[]
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

    pub(crate) fn layouts(&self) -> &Arc<Layouts> {
        &self.inner.layouts
    }
}

/// Answers an import of the one text there is.
struct OneText(protox::file::File);

impl protox::file::FileResolver for OneText {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        if name == self.0.name() {
            Ok(self.0.clone())
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}
