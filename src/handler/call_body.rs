//! [`CallBody`]: the body of a response, which polls the handler to its end.
//!
//! It passes the handler's messages to the transport, and ends as its protocol does. If it is dropped, the handler is.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, mem};

use bytes::Bytes;
use http::header;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::framing::Finished;
use super::layered_body::LayeredBody;
use super::running::RunningHandler;
use crate::protocol::{Answer, End, Speech};

/// The body of a response, which polls the [`Handler`](super::Handler) to its end.
pub struct CallBody {
    state: State,
}

enum State {
    Running(RunningHandler),
    /// The handler has ended, and messages and the end are left to send.
    Messages(Bytes, End),
    End(End),
    /// A body that came through the server's layers.
    Layered(LayeredBody),
    Done,
}

impl CallBody {
    /// A body without a message.
    pub(crate) fn empty() -> Self {
        Self { state: State::Done }
    }

    /// The rest of a response whose handler runs on.
    pub(super) fn running(handler: RunningHandler) -> Self {
        Self {
            state: State::Running(handler),
        }
    }

    /// The rest of a response whose handler has ended.
    pub(super) fn finished(speech: &Speech, finished: Finished, header_limit: u32) -> Self {
        Self {
            state: State::of_finished(speech, finished, header_limit),
        }
    }

    /// A body that came through the server's layers.
    pub(super) fn layered(body: LayeredBody) -> Self {
        Self {
            state: State::Layered(body),
        }
    }

    /// A body that is known.
    pub(crate) fn whole(body: impl Into<Bytes>) -> Self {
        Self {
            state: State::End(End::Data(body.into())),
        }
    }
}

/// A body without a message, which is what layers answer with that refuse a request.
impl Default for CallBody {
    fn default() -> Self {
        Self::empty()
    }
}

impl State {
    fn of_finished(speech: &Speech, finished: Finished, header_limit: u32) -> Self {
        let frames = if finished.frames.is_empty() {
            Bytes::new()
        } else {
            speech.dress(finished.frames)
        };
        let result = finished.result.as_ref().copied();
        let end = speech.end(result, finished.trailers.into_headers(), header_limit);
        if frames.is_empty() {
            Self::End(end)
        } else {
            Self::Messages(frames, end)
        }
    }
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let State::Running(handler) = &mut self.state {
            match handler.poll(cx) {
                Poll::Ready(finished) => {
                    handler.ends();
                    self.state = State::of_finished(&handler.speech, finished, handler.header_limit);
                }
                Poll::Pending => {
                    let frames = handler.take_frames();
                    if frames.is_empty() {
                        return Poll::Pending;
                    }
                    return Poll::Ready(Some(Ok(Frame::data(handler.speech.dress(frames)))));
                }
            }
        }
        if let State::Layered(layered) = &mut self.state {
            return layered.poll_frame(cx);
        }
        let frame = match mem::replace(&mut self.state, State::Done) {
            State::Messages(frames, end) => {
                self.state = State::End(end);
                Frame::data(frames)
            }
            State::End(End::Trailers(trailers)) => Frame::trailers(trailers),
            State::End(End::Data(data)) => Frame::data(data),
            State::End(End::Broken(status)) => return Poll::Ready(Some(Err(status))),
            State::Done | State::Running(_) | State::Layered(_) => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Layered(layered) => layered.is_end_stream(),
            state => matches!(state, State::Done),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Done => SizeHint::with_exact(0),
            State::End(End::Data(data)) => SizeHint::with_exact(data.len() as u64),
            State::Layered(layered) => layered.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for CallBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBody").finish_non_exhaustive()
    }
}

/// Takes the body off a response to HEAD, which has the length of the body that GET has.
pub(crate) fn without_body(response: &mut http::Response<CallBody>) {
    let body = mem::take(response.body_mut());
    let length = body.size_hint().exact().filter(|length| *length > 0);
    if let State::Layered(layered) = &body.state {
        layered.ends();
    }
    let headers = response.headers_mut();
    if let Some(length) = length
        && !headers.contains_key(header::CONTENT_LENGTH)
    {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
}

/// A response whose body is known.
pub(crate) fn known(answer: Answer) -> http::Response<CallBody> {
    let mut response = http::Response::new(if answer.body.is_empty() {
        CallBody::empty()
    } else {
        CallBody::whole(answer.body)
    });
    *response.status_mut() = answer.code;
    *response.headers_mut() = answer.headers;
    response
}
