//! A schema written as a `google.protobuf.FileDescriptorSet`, for other programs.
//!
//! Each file is written with its bytes as they are. What is left out is left out whole: a file, or field 9 of a file.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::MessageDescriptor;

use super::compiled::Schema;
use super::each::each_field;
use super::named::name_in_proto;
use super::wire::without_source_info;

/// What [`Schema::descriptor_set`] writes.
///
/// ```
/// let schema = protod::Schema::load("proto/stream.proto")?;
/// let bytes = schema.descriptor_set().source_info(true).encode();
/// assert_eq!(protod::Schema::from_descriptor_set(&bytes)?.methods().len(), 3);
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct DescriptorSet<'s> {
    schema: &'s Schema,
    imports: bool,
    source_info: bool,
}

impl Schema {
    /// The files as a `google.protobuf.FileDescriptorSet`, as `protoc --descriptor_set_out` writes them: each after those
    /// it imports.
    pub fn descriptor_set(&self) -> DescriptorSet<'_> {
        DescriptorSet {
            schema: self,
            imports: true,
            source_info: false,
        }
    }
}

impl DescriptorSet<'_> {
    /// Whether files that are only [imported](super::SchemaFile::is_import) are in it. Default: yes, so that the set can be read
    /// alone.
    pub fn imports(mut self, included: bool) -> Self {
        self.imports = included;
        self
    }

    /// Whether comments and the places of all definitions are in it, as far as they are known. Default: no, since they are
    /// most of the bytes.
    pub fn source_info(mut self, included: bool) -> Self {
        self.source_info = included;
        self
    }

    /// The serialized set.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut set = Vec::new();
        for file in self.schema.files() {
            if file.is_import && !self.imports {
                continue;
            }
            if self.source_info {
                prost::encoding::bytes::encode(1, &file.descriptor, &mut set);
            } else {
                prost::encoding::bytes::encode(1, &without_source_info(&file.descriptor), &mut set);
            }
        }
        set.into()
    }
}

/// The files of a type as a `google.protobuf.FileDescriptorSet`, without comments and with the names that its proto has: who reads its
/// messages needs no proto.
///
/// It is not readable if the type is of an edition, has a field of implicit presence, and a closed enum whose first value is not zero:
/// a pool has such an enum in a file of its own, under a name that no proto has.
pub(crate) fn descriptor_set_of(message: &MessageDescriptor) -> Vec<u8> {
    let mut found = vec![message.parent_file()];
    let mut next = 0;
    while let Some(file) = found.get(next).cloned() {
        next += 1;
        for import in file.dependencies() {
            if !found.iter().any(|known| known.name() == import.name()) {
                found.push(import);
            }
        }
    }
    let mut files: Vec<_> = found
        .iter()
        .map(|file| {
            let mut proto = file.file_descriptor_proto().clone();
            proto.source_code_info = None;
            each_field(&mut proto, |field| {
                field.name = field.name.as_deref().map(|name| name_in_proto(name).to_owned());
            });
            proto
        })
        .collect();
    files.reverse();
    prost_types::FileDescriptorSet { file: files }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message as Checked;

    #[test]
    fn a_set_of_a_type_is_read_as_the_protos_were_that_it_is_of() {
        let texts = [
            r#"syntax = "proto3"; message M { int32 foo_bar = 1; int32 FooBar = 2; int32 Foo_Baz = 3; M inner = 4; }"#,
            r#"syntax = "proto2"; message M { required int32 foo_bar = 1; optional group G = 2 { optional E e = 1 [default = B]; } enum E { A = 1; B = 2; } extensions 100 to max; } extend M { optional M more = 100; }"#,
            r#"edition = "2023"; option features.field_presence = IMPLICIT; message M { int32 foo_bar = 1; M inner = 2 [features.message_encoding = DELIMITED]; E e = 3 [features.field_presence = EXPLICIT]; enum E { option features.enum_type = CLOSED; A = 0; B = 1; } }"#,
            r#"syntax = "proto2"; message M { option message_set_wire_format = true; extensions 4 to max; } message A { extend M { optional A a = 2147483646; } optional int32 foo_bar = 1; }"#,
        ];
        for text in texts {
            let schema = Schema::from_source("m.proto", text).expect("a proto");
            let message = schema.pool().get_message_by_name("M").expect("it is there");
            let read = Schema::from_descriptor_set(&descriptor_set_of(&message)).expect(text);
            let again = read.pool().get_message_by_name("M").expect("it is there");
            let names = |of: &MessageDescriptor| -> Vec<String> {
                of.fields().map(|field| field.name().to_owned()).collect()
            };
            assert_eq!(names(&again), names(&message), "{text}");
            let json = if text.contains("message_set") {
                "{}"
            } else {
                r#"{"foo_bar": 7}"#
            };
            let bytes = |of| Checked::from_json(of, json).expect("it fits").to_bytes();
            assert_eq!(bytes(again), bytes(message), "{text}");
        }
    }
}
