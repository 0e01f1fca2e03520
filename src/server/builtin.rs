//! The services that every server has in addition to those of its schema: reflection and health.
//!
//! They are methods of a schema and have handlers, like all others, so limits, deadlines and draining apply to them too,
//! and reflection describes them.

use std::sync::{Arc, LazyLock};

use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic_reflection::pb::{v1, v1alpha};

use super::generation::{Endpoint, EndpointMethod};
use super::health::{Check, Health, Watch};
use super::health_wire;
use super::reflection::{Reflection, ReflectionIndex};
use crate::handler::BoxHandler;
use crate::schema::{DescriptorEdition, Method, Schema};

/// The schema of the server's own services. It is built when one of them is first called, so a start does not wait for it.
pub(super) static BUILTIN_SCHEMA: LazyLock<Schema> = LazyLock::new(builtin_schema);

/// The details of statuses. Rules and handlers send them without an import, and clients look up what they are.
pub(super) static ERROR_DETAILS: LazyLock<Schema> = LazyLock::new(|| {
    let schema = Schema::builder().import("google/rpc/error_details.proto").build();
    schema.expect("it is bundled")
});

/// The methods of the server's own services, and their handlers, for a generation that serves `schema`.
///
/// If `schema` declares the same names, reflection answers with those.
pub(super) fn builtin_endpoints(
    schema: &Schema,
    health: &Health,
    reflection: Option<DescriptorEdition>,
) -> Vec<Endpoint> {
    let endpoint = |name, handler: BoxHandler, outlives_generation| {
        let method = EndpointMethod::Named(name, builtin_method);
        Endpoint::new(method, Some(handler), outlives_generation)
    };
    let mut endpoints = vec![
        endpoint(
            "grpc.health.v1.Health/Check",
            Arc::new(Check(health.clone())),
            true,
        ),
        endpoint(
            "grpc.health.v1.Health/Watch",
            Arc::new(Watch(health.clone())),
            true,
        ),
    ];
    if let Some(edition) = reflection {
        let schema = schema.clone();
        let reflection: BoxHandler = Arc::new(Reflection::new(move || {
            let mut schemas = vec![&schema, &*BUILTIN_SCHEMA];
            // With a copy of the user's own, a client would get the same names from two files.
            if !schema.declares_any_of(&ERROR_DETAILS) {
                schemas.push(&ERROR_DETAILS);
            }
            ReflectionIndex::new(&schemas, edition)
        }));
        let names = [
            "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ];
        endpoints.extend(names.map(|name| endpoint(name, Arc::clone(&reflection), false)));
    }
    endpoints
}

fn builtin_method(name: &'static str) -> &'static Arc<Method> {
    BUILTIN_SCHEMA
        .method(name)
        .expect("the schema has the methods of the services that it is for")
}

/// The schema of reflection v1 and v1alpha and of health.
///
/// In these sets the files have names such as `health.proto`. Here they get the names under which everybody imports
/// them, so that a user's own `health.proto` is another file.
fn builtin_schema() -> Schema {
    let files = [
        ("grpc/health/v1/health.proto", health_wire::FILE_DESCRIPTOR_SET),
        ("grpc/reflection/v1/reflection.proto", v1::FILE_DESCRIPTOR_SET),
        (
            "grpc/reflection/v1alpha/reflection.proto",
            v1alpha::FILE_DESCRIPTOR_SET,
        ),
    ];
    let mut set = FileDescriptorSet::default();
    for (name, bytes) in files {
        let mut parsed = FileDescriptorSet::decode(bytes).expect("the descriptor sets decode");
        for file in &mut parsed.file {
            file.name = Some(name.to_owned());
            // Options are for code generators, and resolving them takes longer than everything else here.
            file.options = None;
        }
        set.file.append(&mut parsed.file);
    }
    Schema::from_descriptor_set(&set.encode_to_vec()).expect("tonic's descriptor sets are a schema")
}
