//! Answers calls with samples: a [`Sampler`] is a handler of methods of every shape.
//!
//! A unary call gets one sample, a client stream one at half-close, a server stream the sampler's stream length, and a
//! bidirectional stream one for each message received.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prost_reflect::DynamicMessage;
use tonic::Status;

use super::sampler::Sampler;
use crate::handler::{Call, Handler, Lane};
use crate::message::{Message, decoding_cost};
use crate::schema::Method;

/// A request whose decoding costs more is copied in a lane: each sample that copies it takes as long.
const MOST_AT_ONCE: u64 = 4_000;

/// After so long, other calls have their turn before the next sample is made.
const TURN: Duration = Duration::from_millis(1);

impl Handler for Sampler {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        call.unmatched();
        let method = Arc::clone(call.method());
        match (method.is_client_streaming(), method.is_server_streaming()) {
            (true, true) => {
                let mut index = 0;
                let mut begun = Instant::now();
                while let Some(request) = call.recv().await? {
                    let request = Request::read(&method, request).await?;
                    call.send(self.answer(&method, request.as_ref(), index).await)
                        .await?;
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
                let last = match last {
                    Some(request) => Request::read(&method, request).await?,
                    None => None,
                };
                call.send(self.answer(&method, last.as_ref(), 0).await).await?;
            }
            (false, server_streaming) => {
                let request = match call.recv().await? {
                    Some(request) => Request::read(&method, request).await?,
                    None => None,
                };
                let length = if server_streaming { self.stream_length } else { 1 };
                let mut begun = Instant::now();
                for index in (0..).take(length) {
                    call.send(self.answer(&method, request.as_ref(), index).await)
                        .await?;
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

impl Sampler {
    /// The `index`-th response of a call.
    async fn answer(&self, method: &Method, request: Option<&Request>, index: u64) -> Message {
        let make = || {
            let request = request.map(|request| &request.message);
            Message::from_dynamic(self.sample(method, request, index))
        };
        match request {
            Some(request) if request.is_slow => in_lane(make).await,
            _ => make(),
        }
    }
}

/// A request that samples copy from.
struct Request {
    message: DynamicMessage,
    /// Whether to copy it takes long.
    is_slow: bool,
}

impl Request {
    /// Decodes it; `None` if it is too large to be copied.
    async fn read(method: &Method, request: Message) -> Result<Option<Self>, Status> {
        let cost = decoding_cost(method.layouts(), method.input_layout(), &request.to_bytes());
        if !Sampler::copies(cost) {
            return Ok(None);
        }
        let is_slow = cost > MOST_AT_ONCE;
        let message = if is_slow {
            in_lane(|| request.into_dynamic()).await?
        } else {
            request.into_dynamic()?
        };
        Ok(Some(Self { message, is_slow }))
    }
}

async fn in_lane<T>(work: impl FnOnce() -> T) -> T {
    let _lane = Lane::enter().await;
    Lane::run(work)
}
