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
use crate::Error;

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
    pub fn from_descriptor_set(_bytes: &[u8]) -> Result<Self, Error> {
        unimplemented!("the schema room is built")
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
