//! Answers calls with samples: a [`Sampler`] is a handler of methods of every shape.
//!
//! A unary call gets one sample, a client stream one at half-close, a server stream the sampler's stream length, and a
//! bidirectional stream one for each message received.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use tonic::Status;

use super::sampler::Sampler;
use crate::handler::{Call, Handler};
use crate::message::Message;

impl Handler for Sampler {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        call.unmatched();
        let method = Arc::clone(call.method());
        let sample = |request: Option<&DynamicMessage>, index| {
            Message::from_dynamic(self.sample(&method, request, index))
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
                let length = if server_streaming { self.stream_length } else { 1 };
                for index in (0..).take(length) {
                    call.send(sample(request.as_ref(), index)).await?;
                }
            }
        }
        Ok(())
    }
}
