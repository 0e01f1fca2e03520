//! [`MethodTypes`]: what a descriptor pool knows of a method.
//!
//! Every file has been in a pool when it was linked, so no schema is known whose pool lacks a method. Should there be one,
//! the method gets descriptors of its own: a server must not stop for it.

use std::sync::Arc;

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};
use prost_types::{DescriptorProto, FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};

use super::declared::DeclaredMethod;
use super::layout::LayoutId;
use super::layouts::Layouts;
use super::tables::Descriptors;

/// The descriptors of a method, and the tables for checking its messages.
pub(super) struct MethodTypes {
    pub(super) descriptor: MethodDescriptor,
    pub(super) input: MessageDescriptor,
    pub(super) output: MessageDescriptor,
    pub(super) layouts: Arc<Layouts>,
    pub(super) input_layout: LayoutId,
    pub(super) output_layout: LayoutId,
}

impl MethodTypes {
    /// Finds them in descriptors, or makes some if they are not there.
    pub(super) fn of(declared: &DeclaredMethod, descriptors: &Descriptors) -> Self {
        Self::find(declared, descriptors).unwrap_or_else(|| {
            tracing::error!(
                "{} has no descriptors, and its messages no fields: please report this",
                &declared.path[1..]
            );
            Self::find(declared, &stand_in(declared)).expect("they were made for this method")
        })
    }

    fn find(declared: &DeclaredMethod, descriptors: &Descriptors) -> Option<Self> {
        let Descriptors { pool, layouts } = descriptors;
        let service = pool.get_service_by_name(declared.service())?;
        let name = declared.name();
        let descriptor = service.methods().find(|method| method.name() == name)?;
        let (input, output) = (descriptor.input(), descriptor.output());
        Some(Self {
            input_layout: layouts.find(input.full_name())?,
            output_layout: layouts.find(output.full_name())?,
            layouts: Arc::clone(layouts),
            descriptor,
            input,
            output,
        })
    }
}

/// Descriptors of a method whose messages have no fields.
fn stand_in(declared: &DeclaredMethod) -> Descriptors {
    let message = |name: &str| DescriptorProto {
        name: Some(name.to_owned()),
        ..DescriptorProto::default()
    };
    let mut messages = vec![message(&declared.input)];
    if declared.output != declared.input {
        messages.push(message(&declared.output));
    }
    let method = MethodDescriptorProto {
        name: Some(declared.name().to_owned()),
        input_type: Some(format!(".{}", declared.input)),
        output_type: Some(format!(".{}", declared.output)),
        client_streaming: Some(declared.client_streaming),
        server_streaming: Some(declared.server_streaming),
        ..MethodDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some(declared.path.clone().into()),
        // In a file without a package, names are as they are.
        message_type: messages,
        service: vec![ServiceDescriptorProto {
            name: Some(declared.service().to_owned()),
            method: vec![method],
            ..ServiceDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    let added = pool.add_file_descriptor_proto(file);
    added.expect("its names are those of a schema, and nothing else is in the pool");
    Descriptors {
        layouts: Arc::new(Layouts::of_pool(&pool)),
        pool,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::Schema;
    use crate::schema::method::Method;
    use crate::schema::tables::{FileLinks, TableFile, Tables};

    #[test]
    fn a_method_whose_file_no_pool_takes_has_messages_without_fields() {
        let source = r#"
            syntax = "proto3"; package a.b;
            message M { message N { int32 x = 1; } }
            service S { rpc Same(.a.b.M) returns (.a.b.M); rpc Nested(M.N) returns (stream M); }
        "#;
        let schema = Schema::from_source("a.proto", source).expect("it is valid");
        let whole = schema.tables();
        for damaged in [&b""[..], b"\xff", b"\x22\x03\x0a\x05a"] {
            let files = whole.files.iter().zip(&whole.links).map(|(file, links)| {
                let mut file = file.clone();
                file.descriptor = Bytes::copy_from_slice(damaged);
                let links = FileLinks {
                    for_pool: None,
                    ..links.clone()
                };
                TableFile { file, links }
            });
            let tables = std::sync::Arc::new(Tables::new(files.collect()));
            let methods = &whole.links[0].methods;
            assert_eq!(methods.len(), 2);
            for nth in 0..methods.len() {
                let method = Method::new(methods, nth, &tables, 0);
                assert_eq!(method.input().full_name(), method.input_name());
                assert_eq!(method.output().full_name(), method.output_name());
                assert_eq!(method.descriptor().full_name(), method.name().replace('/', "."));
                assert_eq!(
                    method.descriptor().is_server_streaming(),
                    method.is_server_streaming()
                );
                assert_eq!(method.input().fields().len(), 0);
            }
        }
    }
}
