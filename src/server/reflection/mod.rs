//! Server reflection, v1 and v1alpha.
//!
//! Both versions have the same messages under two package names, so one handler serves both with the types of
//! v1. Clients try v1 and fall back to v1alpha, and some know only v1alpha. [`index`] finds the answers. A call keeps the
//! index of the generation that it began with, so that the files it receives always fit together.

mod index;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::LazyLock;

use prost::Message as _;
use tonic::Status;
use tonic_reflection::pb::v1;

pub(super) use self::index::ReflectionIndex;
use self::index::SentFiles;
use crate::handler::{Call, Handler};

/// Answers `ServerReflectionInfo` of both versions.
pub(super) struct Reflection {
    /// Built at the first request.
    index: LazyLock<ReflectionIndex, Box<dyn FnOnce() -> ReflectionIndex + Send>>,
}

impl Reflection {
    pub(super) fn new(index: impl FnOnce() -> ReflectionIndex + Send + 'static) -> Self {
        Self {
            index: LazyLock::new(Box::new(index)),
        }
    }
}

impl Handler for Reflection {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        // Some clients, such as tonic's, wait for the headers before they ask.
        call.flush_headers();
        // Interactive clients keep their stream open for hours. A drain does not wait for them.
        let mut draining = pin!(call.draining());
        let mut sent = SentFiles::default();
        loop {
            let more = tokio::select! {
                biased;
                more = call.next_message() => more?,
                () = draining.as_mut() => return Err(Status::unavailable("the server is stopping")),
            };
            if !more {
                return Ok(());
            }
            let frame = call.message_bytes();
            let request = v1::ServerReflectionRequest::decode(frame).map_err(|error| {
                call.fault(Status::internal(format!(
                    "the reflection request does not decode: {error}"
                )))
            })?;
            let response = self.index.answer(request, &mut sent);
            call.writer().write(|buffer| {
                response
                    .encode(buffer)
                    .map_err(|error| Status::internal(error.to_string()))
            })?;
            call.wait_for_room().await;
        }
    }
}
