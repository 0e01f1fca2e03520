//! [`SchemaFile`]: one file of a schema, as bytes.

use bytes::Bytes;

/// One file of a [`Schema`](super::Schema): its import name, and the bytes of its `FileDescriptorProto` as the compiler or the descriptor
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
