//! Calls that begin in the server's own process, without a connection.
//!
//! To the server each is a call of gRPC like any other: it goes through the layers and the dispatcher, counts for the limits, is
//! logged and recorded. It has no peer. If it is dropped, it is cancelled.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Method as HttpMethod, Request, Version};
use http_body::{Body as _, Frame};
use tokio::sync::mpsc;
use tonic::Status;
use tower::Service as _;

use super::dispatched::Dispatched;
use super::handle::Server;
use super::journal::method_of;
use crate::handler::CallBody;
use crate::protocol::{Form, PREFIX, Protocol, call_head, fill_prefix, no_status, read_trailers, too_large};
use crate::schema::Method;

/// The largest response that is taken, in bytes: what gRPC's clients take.
const MAX_RESPONSE: usize = 4 << 20;

/// A call that begins in the server's own process.
pub(crate) struct InProcessCall {
    id: Option<u64>,
    state: State,
}

enum State {
    Awaited(Dispatched),
    Open(CallBody, BytesMut),
    Ended,
}

/// What comes back, one after the other.
#[derive(Debug)]
pub(crate) enum Event {
    Headers(HeaderMap),
    /// A message in protobuf.
    Message(Bytes),
    /// The trailers of a call that ended with OK, or its status.
    End(Result<HeaderMap, Status>),
}

impl Server {
    /// The method of a name, those of the server's own services included.
    pub(crate) fn method(&self, name: &str) -> Option<Arc<Method>> {
        method_of(&self.schema(), name)
    }

    /// Begins a call. Its requests are `first`, and then those that come from `more`, until that has no sender any more;
    /// each is a message in protobuf. Metadata that the protocol itself has is replaced.
    pub(crate) fn call_in_process(
        &self,
        method: &Method,
        mut headers: HeaderMap,
        timeout: Option<Duration>,
        first: Vec<Bytes>,
        more: Option<mpsc::Receiver<Bytes>>,
    ) -> InProcessCall {
        call_head(Form::GRPC, None, timeout, &mut headers);
        // Nothing is gained by compression here.
        headers.remove(Protocol::Grpc.accept_encoding_header());
        let requests = Requests {
            first: first.into(),
            more,
        };
        let mut request = Request::new(requests);
        *request.method_mut() = HttpMethod::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = method.path().parse().expect("a method's path is one of HTTP");
        *request.headers_mut() = headers;
        let dispatched = self.service().call(request);
        InProcessCall {
            id: dispatched.call_id(),
            state: State::Awaited(dispatched),
        }
    }
}

impl InProcessCall {
    /// The number of the call, as the journal has it. `None` if nobody observes it, or if it was refused at once.
    pub(crate) fn id(&self) -> Option<u64> {
        self.id
    }

    /// What comes next; `None` after the end. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            match &mut self.state {
                State::Awaited(response) => {
                    let Ok(response) = response.await;
                    let (head, body) = response.into_parts();
                    // The headers of a call that fails at once are its trailers.
                    if let Some(ended) = read_trailers(head.headers.clone()) {
                        return Some(self.end(ended));
                    }
                    self.state = State::Open(body, BytesMut::new());
                    return Some(Event::Headers(head.headers));
                }
                State::Open(body, buffer) => {
                    match take_message(buffer) {
                        Ok(Some(message)) => return Some(Event::Message(message)),
                        Ok(None) => {}
                        Err(status) => return Some(self.end(Err(status))),
                    }
                    let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
                    match frame.map(|frame| frame.map(Frame::into_data)) {
                        Some(Ok(Ok(data))) => buffer.extend_from_slice(&data),
                        Some(Ok(Err(frame))) => {
                            let trailers = frame.into_trailers().unwrap_or_default();
                            return Some(
                                self.end(read_trailers(trailers).unwrap_or_else(|| Err(no_status()))),
                            );
                        }
                        Some(Err(status)) => return Some(self.end(Err(status))),
                        None => return Some(self.end(Err(no_status()))),
                    }
                }
                State::Ended => return None,
            }
        }
    }

    fn end(&mut self, ended: Result<HeaderMap, Status>) -> Event {
        self.state = State::Ended;
        Event::End(ended)
    }
}

/// The first message of what has come, if it is there whole.
fn take_message(buffer: &mut BytesMut) -> Result<Option<Bytes>, Status> {
    let Some(&[_, a, b, c, d]) = buffer.first_chunk::<PREFIX>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > MAX_RESPONSE {
        return Err(too_large(&format!(" of {length} bytes"), MAX_RESPONSE));
    }
    if buffer.len() < PREFIX + length {
        return Ok(None);
    }
    let frame = buffer.split_to(PREFIX + length).freeze();
    Ok(Some(frame.slice(PREFIX..)))
}

/// The body of the request: messages as they come.
struct Requests {
    first: VecDeque<Bytes>,
    /// `None` when there are no more.
    more: Option<mpsc::Receiver<Bytes>>,
}

impl http_body::Body for Requests {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let message = match (self.first.pop_front(), &mut self.more) {
            (Some(message), _) => Some(message),
            (None, Some(more)) => std::task::ready!(more.poll_recv(cx)),
            (None, None) => None,
        };
        let Some(message) = message else {
            self.more = None;
            return Poll::Ready(None);
        };
        let mut frame = BytesMut::with_capacity(PREFIX + message.len());
        frame.put_bytes(0, PREFIX);
        frame.extend_from_slice(&message);
        fill_prefix(&mut frame, 0, usize::MAX).expect("JSON of 4 GiB does not come here");
        Poll::Ready(Some(Ok(Frame::data(frame.freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.more.is_none()
    }
}
