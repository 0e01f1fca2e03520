//! What comes back from a call: headers, messages one at a time, trailers.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tonic::metadata::MetadataMap;
use tonic::{Response, Status, Streaming};

use crate::message::Message;

/// The answer to a call that has one.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The metadata that came before the message.
    pub headers: MetadataMap,
    /// The message.
    pub message: Message,
    /// The metadata that came after it.
    pub trailers: MetadataMap,
}

/// The responses of a call in flight. Dropping it cancels the call.
#[derive(Debug)]
pub struct Responses {
    headers: MetadataMap,
    stream: Streaming<Message>,
    trailers: MetadataMap,
    deadline: CallDeadline,
    /// For methods that answer once: whether they have.
    single: Option<bool>,
}

impl Responses {
    pub(super) fn new(
        response: Response<Streaming<Message>>,
        server_streaming: bool,
        deadline: CallDeadline,
    ) -> Self {
        let (headers, stream, _) = response.into_parts();
        Self {
            headers,
            stream,
            trailers: MetadataMap::new(),
            deadline,
            single: (!server_streaming).then_some(false),
        }
    }

    /// The metadata that the server sent first.
    pub fn headers(&self) -> &MetadataMap {
        &self.headers
    }

    /// The next message, or nothing when the call has ended with OK; any other end is the error.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn message(&mut self) -> Result<Option<Message>, Status> {
        let next = self.deadline.limit(self.stream.message()).await?;
        match (&mut self.single, next) {
            (None | Some(false), Some(message)) => {
                self.single = self.single.map(|_| true);
                Ok(Some(message))
            }
            (Some(true), Some(_)) => Err(Status::unimplemented(
                "the server sent a second message, and the method answers with one",
            )),
            (Some(false), None) => Err(Status::unimplemented(
                "the server sent no message, and the method answers with one",
            )),
            (None | Some(true), None) => {
                // The end of the stream brought them along, so there is nothing to wait for.
                if let Some(trailers) = self.stream.trailers().await? {
                    self.trailers = trailers;
                }
                Ok(None)
            }
        }
    }

    /// The metadata that the server sent last; empty until [`message`](Self::message) has returned nothing.
    pub fn trailers(&self) -> &MetadataMap {
        &self.trailers
    }

    /// Waits for the one message and for the end.
    pub(super) async fn reply(mut self) -> Result<Reply, Status> {
        let message = self.message().await?;
        let message = message.expect("a method that answers once has answered or failed");
        self.message().await?;
        Ok(Reply {
            headers: self.headers,
            message,
            trailers: self.trailers,
        })
    }
}

/// When a call ends if it has not yet, whatever the server does.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallDeadline(Option<Instant>);

impl CallDeadline {
    pub(super) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// The channel has a timer of its own, for the headers alone, that ends in CANCELLED: this one goes first.
    pub(super) async fn limit<T>(self, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let Some(deadline) = self.0 else {
            return work.await;
        };
        tokio::select! {
            biased;
            () = sleep_until(deadline) => Err(Status::deadline_exceeded("the deadline has passed")),
            result = work => result,
        }
    }
}
