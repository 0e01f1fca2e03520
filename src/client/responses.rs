//! [`Responses`]: what a call returns, which is headers, messages one at a time, and trailers.
//!
//! The invariant: dropping [`Responses`] cancels the call, even if its requests have not ended; and the deadline holds for
//! the whole call, not only until the headers arrive.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep_until};
use tonic::metadata::MetadataMap;
use tonic::{CancellationHandle, Code, Status, Streaming};

use super::http::{Cancel, HttpResponses};
use super::requests::Unfit;
use crate::message::Message;

/// The answer to a call with one response: see [`ClientMethod`](super::ClientMethod).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The metadata before the message.
    pub headers: MetadataMap,
    /// The message.
    pub message: Message,
    /// The metadata after it.
    pub trailers: MetadataMap,
}

impl Reply {
    /// The message as a type with serde's traits: see [`Typed`](crate::message::Typed).
    ///
    /// ```no_run
    /// # async fn run(search: protod::ClientMethod) -> Result<(), tonic::Status> {
    /// use protod::Typed;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize)]
    /// struct SearchRequest { request: String }
    ///
    /// #[derive(Deserialize)]
    /// struct SearchResponse { response: String }
    ///
    /// let request = SearchRequest { request: "tea".to_owned() };
    /// let found: SearchResponse = search.unary(Typed(request)).await?.parse()?;
    /// println!("{}", found.response);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Fails with `INTERNAL`, naming the field, if the message does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Status> {
        parse(&self.message)
    }
}

/// A response that does not fit is not the caller's fault, as a request would be.
fn parse<T: DeserializeOwned>(response: &Message) -> Result<T, Status> {
    response.parse().map_err(|error| {
        Status::internal(format!(
            "the response is a {}: {error}",
            response.descriptor().full_name()
        ))
    })
}

/// The responses of a call in flight. Dropping it cancels the call.
///
/// ```no_run
/// # async fn run(list: protod::ClientMethod) -> Result<(), Box<dyn std::error::Error>> {
/// let mut responses = list.server_streaming(list.request()).await?;
/// while let Some(message) = responses.message().await? {
///     println!("{}", message.to_json()?);
/// }
/// println!("{:?}", responses.trailers());
/// # Ok(())
/// # }
/// ```
pub struct Responses {
    stage: Stage,
    headers: MetadataMap,
    trailers: MetadataMap,
    deadline: CallDeadline,
    /// For methods with one response: whether it has arrived.
    single: Option<bool>,
    unfit: Unfit,
    _requests: CancelOnDrop,
}

/// The future of the response headers and the stream after them.
type Opening = Pin<Box<dyn Future<Output = Result<Opened, Status>> + Send>>;

/// The response headers, and the stream after them.
pub(super) type Opened = (MetadataMap, Inbound);

/// The messages of a call, and its trailers.
pub(super) enum Inbound {
    Grpc(Box<Streaming<Message>>),
    Http(Box<HttpResponses>),
}

impl Inbound {
    async fn message(&mut self) -> Result<Option<Message>, Status> {
        match self {
            Self::Grpc(stream) => stream.message().await.map_err(mend_limit),
            Self::Http(responses) => responses.message().await,
        }
    }

    /// What came with the end of the stream, so this does not wait.
    async fn trailers(&mut self) -> Result<MetadataMap, Status> {
        match self {
            Self::Grpc(stream) => Ok(stream.trailers().await?.unwrap_or_default()),
            Self::Http(responses) => Ok(MetadataMap::from_headers(responses.trailers())),
        }
    }
}

/// tonic says OUT_OF_RANGE of a message that is larger than the client takes, which is a server's word for other things.
#[cold]
fn mend_limit(status: Status) -> Status {
    const OF_TONIC: &str = "Error, decoded message length too large: ";
    if status.code() == Code::OutOfRange
        && let Some(why) = status.message().strip_prefix(OF_TONIC)
    {
        return Status::resource_exhausted(format!("the server's message is too large: {why}"));
    }
    status
}

/// The state of a call.
enum Stage {
    /// Waiting for the response headers.
    Opening(Opening),
    Open(Inbound),
    Ended,
}

impl Responses {
    /// Polls the call once, which passes the request to the connection. From then on requests are sent whether or not
    /// anyone waits for responses. The headers are not awaited: many servers send them with their first message, which
    /// may be the answer to a request that the caller has not sent yet.
    pub(super) async fn start(
        opening: impl Future<Output = Result<Opened, Status>> + Send + 'static,
        server_streaming: bool,
        deadline: CallDeadline,
        unfit: Unfit,
        requests: CancelOnDrop,
    ) -> Result<Self, Status> {
        let mut opening: Opening = Box::pin(opening);
        let opened = poll_fn(|context| Poll::Ready(opening.as_mut().poll(context))).await;
        let mut responses = Self {
            stage: Stage::Opening(opening),
            headers: MetadataMap::new(),
            trailers: MetadataMap::new(),
            deadline,
            single: (!server_streaming).then_some(false),
            unfit,
            _requests: requests,
        };
        if let Poll::Ready(response) = opened {
            responses.open(response)?;
        }
        Ok(responses)
    }

    /// The metadata that the server sends first. Many servers send it only with their first message.
    pub async fn headers(&mut self) -> Result<&MetadataMap, Status> {
        if let Stage::Opening(opening) = &mut self.stage {
            let response = self.unfit.or(self.deadline.limit(opening)).await;
            self.open(response)?;
        }
        Ok(&self.headers)
    }

    /// Returns the next message, or `None` when the call has ended with OK. Any other end is an error.
    ///
    /// This is cancel-safe: no message is lost if the future is dropped before it is ready.
    pub async fn message(&mut self) -> Result<Option<Message>, Status> {
        self.headers().await?;
        let Stage::Open(stream) = &mut self.stage else {
            return Ok(None);
        };
        let next = self.unfit.or(self.deadline.limit(stream.message())).await?;
        match (self.single, next) {
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
                self.trailers = stream.trailers().await?;
                self.stage = Stage::Ended;
                Ok(None)
            }
        }
    }

    /// Returns the next message as a type with serde's traits, or `None` when the call has ended with OK: see
    /// [`Typed`](crate::message::Typed).
    ///
    /// ```no_run
    /// # async fn run(list: protod::ClientMethod) -> Result<(), tonic::Status> {
    /// use protod::Typed;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize)]
    /// struct Order { kind: String }
    ///
    /// #[derive(Deserialize)]
    /// struct Cup { label: String }
    ///
    /// let order = Order { kind: "assam".to_owned() };
    /// let mut cups = list.server_streaming(Typed(order)).await?;
    /// while let Some(Cup { label }) = cups.recv().await? {
    ///     println!("{label}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Fails with `INTERNAL`, naming the field, if the message does not fit the type.
    pub async fn recv<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Status> {
        let message = self.message().await?;
        message.map(|message| parse(&message)).transpose()
    }

    /// The metadata that the server sent last. Empty until [`message`](Self::message) has returned `None`.
    pub fn trailers(&self) -> &MetadataMap {
        &self.trailers
    }

    /// Waits for the one message and for the end of the call.
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

    fn open(&mut self, opened: Result<Opened, Status>) -> Result<(), Status> {
        self.stage = Stage::Ended;
        let (headers, inbound) = opened?;
        self.headers = headers;
        self.stage = Stage::Open(inbound);
        Ok(())
    }
}

impl fmt::Debug for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responses")
            .field("headers", &self.headers)
            .field("trailers", &self.trailers)
            .finish_non_exhaustive()
    }
}

/// Cancels a call when dropped. Otherwise the connection would go on sending requests when nobody waits for responses.
pub(super) enum CancelOnDrop {
    Grpc(Option<CancellationHandle>),
    Http {
        #[expect(dead_code, reason = "it cancels when it is dropped")]
        requests: Cancel,
    },
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Self::Grpc(requests) = self
            && let Some(requests) = requests.take()
        {
            requests.cancel();
        }
    }
}

/// When a call must end, whatever the server does.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallDeadline(Option<Instant>);

impl CallDeadline {
    pub(super) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// Fails with DEADLINE_EXCEEDED when the deadline has passed. The channel has its own timer, for the headers only,
    /// which fails with CANCELLED; this one is checked first. A server has one too, and cancels the call by it: that may
    /// be heard before this timer, which counts whole milliseconds, has been.
    pub(super) async fn limit<T>(self, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let Some(deadline) = self.0 else {
            return work.await;
        };
        let passed = || Status::deadline_exceeded("the deadline has passed");
        tokio::select! {
            biased;
            () = sleep_until(deadline) => Err(passed()),
            result = work => result.map_err(|status| match status.code() {
                Code::Cancelled if Instant::now() >= deadline => passed(),
                _ => status,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_cancelled_at_its_deadline_has_exceeded_it_whoever_was_first_to_say_so() {
        const TIME: Duration = Duration::from_micros(100);
        let deadline = CallDeadline::after(Some(TIME));
        // The timer has not fired when this is polled, and would only be asked again when it has ended.
        let cancelled_at_the_deadline = async {
            std::thread::sleep(TIME);
            Err::<(), _>(Status::cancelled("by the server"))
        };
        let ended = deadline.limit(cancelled_at_the_deadline).await;
        assert_eq!(ended.unwrap_err().code(), Code::DeadlineExceeded);

        let later = CallDeadline::after(Some(Duration::from_mins(1)));
        let cancelled = async { Err::<(), _>(Status::cancelled("by the server")) };
        assert_eq!(later.limit(cancelled).await.unwrap_err().code(), Code::Cancelled);
    }
}
