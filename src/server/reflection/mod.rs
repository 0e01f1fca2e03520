//! Server reflection, v1 and v1alpha, and the descriptors of the services that every protod has.
//!
//! Both versions have the same messages under two package names, so one handler serves both with the types of
//! v1. Clients try v1 and fall back to v1alpha, and some know v1alpha only. What is answered is decided in
//! [`index`]; a call keeps the index of the generation that it started with, so that the files it was sent
//! always fit together.

mod index;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::Status;
use tonic_reflection::pb::{v1, v1alpha};

pub(crate) use self::index::{ReflectionIndex, SentFiles};
use crate::handler::{Call, Handler};
use crate::schema::Schema;

/// Answers `ServerReflectionInfo` of both versions.
#[derive(Debug, Clone)]
pub(crate) struct Reflection {
    index: Arc<ReflectionIndex>,
}

impl Reflection {
    pub(crate) fn new(index: Arc<ReflectionIndex>) -> Self {
        Self { index }
    }
}

impl Handler for Reflection {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        // An explorer may keep its stream for hours; a drain does not wait for it.
        let mut draining = pin!(call.draining());
        let mut sent = SentFiles::default();
        loop {
            let more = tokio::select! {
                biased;
                more = call.next_frame() => more?,
                () = draining.as_mut() => return Err(Status::unavailable("the server is stopping")),
            };
            if !more {
                return Ok(());
            }
            let (frame, mut frames) = call.frame();
            let request = v1::ServerReflectionRequest::decode(frame).map_err(|error| {
                Status::internal(format!("the reflection request does not decode: {error}"))
            })?;
            let response = self.index.answer(request, &mut sent);
            frames.write(|buffer| {
                response
                    .encode(buffer)
                    .map_err(|error| Status::internal(error.to_string()))
            })?;
            call.written().await;
        }
    }
}

/// The schema of the services that protod itself serves: reflection v1 and v1alpha, and health.
///
/// The files that tonic's crates bring are named `health.proto` and the like. Here they have the names under
/// which everybody imports them, so that a user's own `health.proto` is another file.
pub(crate) fn built_in_services() -> Schema {
    let files = [
        (
            "grpc/health/v1/health.proto",
            tonic_health::pb::FILE_DESCRIPTOR_SET,
        ),
        ("grpc/reflection/v1/reflection.proto", v1::FILE_DESCRIPTOR_SET),
        (
            "grpc/reflection/v1alpha/reflection.proto",
            v1alpha::FILE_DESCRIPTOR_SET,
        ),
    ];
    let mut set = FileDescriptorSet::default();
    for (name, bytes) in files {
        let mut parsed = FileDescriptorSet::decode(bytes).expect("tonic's descriptor sets decode");
        let [file] = parsed.file.as_mut_slice() else {
            unreachable!("each of tonic's descriptor sets is one file without imports")
        };
        file.name = Some(name.to_owned());
        set.file.append(&mut parsed.file);
    }
    Schema::from_descriptor_set(&set.encode_to_vec()).expect("tonic's descriptor sets are a schema")
}
