//! Answers calls with samples: a [`Sampler`] is a handler of methods of every shape.
//!
//! A unary call gets one sample, a client stream one at half-close, a server stream the sampler's stream length, and a
//! bidirectional stream one for each message received.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prost_reflect::DynamicMessage;
use tonic::Status;

use super::sampler::Sampler;
use crate::handler::{Call, Handler};
use crate::message::{Message, decoding_cost};
use crate::schema::Method;

/// A request of more than about fifty thousand values is not copied: to decode and to copy it would take too long.
const MOST_COPIED: u64 = 200_000;

/// After so long, other calls have their turn before the next sample is made.
const TURN: Duration = Duration::from_millis(1);

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
                let mut begun = Instant::now();
                while let Some(request) = call.recv().await? {
                    let request = copied(&method, request)?;
                    call.send(sample(request.as_ref(), index)).await?;
                    index += 1;
                    if begun.elapsed() > TURN {
                        tokio::task::yield_now().await;
                        begun = Instant::now();
                    }
                }
            }
            (true, false) => {
                let mut last = None;
                while let Some(request) = call.recv().await? {
                    last = Some(request);
                }
                let last = last
                    .map(|request| copied(&method, request))
                    .transpose()?
                    .flatten();
                call.send(sample(last.as_ref(), 0)).await?;
            }
            (false, server_streaming) => {
                let request = call.recv().await?;
                let request = request
                    .map(|request| copied(&method, request))
                    .transpose()?
                    .flatten();
                let length = if server_streaming { self.stream_length } else { 1 };
                let mut begun = Instant::now();
                for index in (0..).take(length) {
                    call.send(sample(request.as_ref(), index)).await?;
                    if begun.elapsed() > TURN {
                        tokio::task::yield_now().await;
                        begun = Instant::now();
                    }
                }
            }
        }
        Ok(())
    }
}

/// The request, to be copied from; `None` if it is too large.
fn copied(method: &Method, request: Message) -> Result<Option<DynamicMessage>, Status> {
    let cost = decoding_cost(method.layouts(), method.input_layout(), &request.to_bytes());
    if cost > MOST_COPIED {
        return Ok(None);
    }
    Ok(Some(request.into_dynamic()?))
}
