//! [`SampleHandler`]: answers calls with samples.
//!
//! It serves every method without rules, so it takes any shape of method.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use tonic::Status;

use super::sampler::Sampler;
use crate::handler::{Call, Handler};
use crate::message::Message;

/// Answers any method with samples: one for a unary call, one at half-close for a client stream, the sampler's stream
/// length for a server stream, and one for each message received for a bidirectional stream.
#[derive(Debug, Clone)]
pub struct SampleHandler {
    sampler: Sampler,
}

impl SampleHandler {
    /// A handler that answers with samples of `sampler`.
    pub fn new(sampler: Sampler) -> Self {
        Self { sampler }
    }
}

impl Handler for SampleHandler {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let method = Arc::clone(call.method());
        let sample = |request: Option<&DynamicMessage>, index| {
            Message::from_dynamic(self.sampler.sample(&method, request, index))
        };
        match (method.is_client_streaming(), method.is_server_streaming()) {
            (true, true) => {
                let mut index = 0;
                while let Some(request) = call.recv().await? {
                    call.send(sample(Some(&request.to_dynamic()?), index)).await?;
                    index += 1;
                }
            }
            (true, false) => {
                let mut last = None;
                while let Some(request) = call.recv().await? {
                    last = Some(request);
                }
                let last = last.map(|request| request.to_dynamic()).transpose()?;
                call.send(sample(last.as_ref(), 0)).await?;
            }
            (false, server_streaming) => {
                let request = call
                    .recv()
                    .await?
                    .map(|request| request.to_dynamic())
                    .transpose()?;
                let length = if server_streaming {
                    self.sampler.stream_length
                } else {
                    1
                };
                for index in (0..).take(length) {
                    call.send(sample(request.as_ref(), index)).await?;
                }
            }
        }
        Ok(())
    }
}
