//! The response that drives its handler.
//!
//! [`ResponseFuture`] polls the handler until its headers are due; [`CallBody`] polls it on, hands its frames to the
//! transport and ends with its status. A deadline, the end of a drain and a panic end the call here, whatever
//! the handler does.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, mem};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body::{Body, Frame, SizeHint};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::call::{Call, CallStart};
use super::expiry::Expiry;
use super::framing::{Encoding, Finished, ResponseBuffer};
use super::traits::BoxHandler;
use crate::schema::Method;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const OK: HeaderValue = HeaderValue::from_static("0");

/// A call's permit among those that a server takes at a time, given back when its handler has ended.
pub(crate) type CallPermit = Arc<()>;

/// A call whose headers are not due yet; gives the response once they are.
pub(crate) struct ResponseFuture {
    drive: Option<Drive>,
    encoding: Option<Encoding>,
}

impl ResponseFuture {
    /// Hands a call to its handler.
    pub(crate) fn start(handler: &BoxHandler, start: CallStart, permit: CallPermit) -> Self {
        let encoding = start.response_encoding;
        let method = Arc::clone(&start.method);
        let expiry = Expiry::new(start.deadline, start.lifecycle.clone());
        let (call, buffer) = Call::new(start);
        let running = Arc::clone(handler).run(call);
        let drive = Drive {
            running,
            buffer,
            expiry,
            interruption: None,
            method,
            _permit: permit,
        };
        Self {
            drive: Some(drive),
            encoding,
        }
    }

    /// When the call ends at the latest; nothing once the response was given.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.drive.as_ref().map(|drive| drive.expiry.clone())
    }
}

impl Future for ResponseFuture {
    type Output = http::Response<CallBody>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let encoding = self.encoding;
        let drive = self
            .drive
            .as_mut()
            .expect("not polled after it gave the response");
        let (headers, state) = match drive.poll(cx) {
            Poll::Ready(mut finished) => {
                let put_out = drive.buffer.take_headers();
                if put_out.is_none()
                    && finished.frames.is_empty()
                    && let Err(status) = &finished.result
                {
                    let headers = finished.headers.unwrap_or_default();
                    return Poll::Ready(trailers_only(status, headers, finished.trailers));
                }
                let headers = put_out.or(finished.headers.take()).unwrap_or_default();
                (headers, State::of_finished(finished))
            }
            Poll::Pending => match drive.buffer.take_headers() {
                None => return Poll::Pending,
                Some(headers) => {
                    let drive = self.drive.take().expect("it was there a moment ago");
                    (headers, State::Driving(drive))
                }
            },
        };
        let mut response = http::Response::new(CallBody { state });
        *response.headers_mut() = headers.into_headers();
        response.headers_mut().insert(header::CONTENT_TYPE, GRPC);
        if let Some(encoding) = encoding {
            response.headers_mut().insert(GRPC_ENCODING, encoding.header());
        }
        Poll::Ready(response)
    }
}

/// A response without a message: headers and status in one.
pub(crate) fn trailers_only(
    status: &Status,
    headers: MetadataMap,
    trailers: MetadataMap,
) -> http::Response<CallBody> {
    let mut response = http::Response::new(CallBody::empty());
    let mut map = headers.into_headers();
    map.extend(trailers.into_headers());
    map.insert(header::CONTENT_TYPE, GRPC);
    write_status(status, &mut map);
    *response.headers_mut() = map;
    response
}

/// The body of a response: drives the handler to its end.
pub struct CallBody {
    state: State,
}

enum State {
    Driving(Drive),
    /// The handler has ended: what is left to send.
    Frames(Bytes, HeaderMap),
    Trailers(HeaderMap),
    /// An answer that is not gRPC.
    Text(Bytes),
    Done,
}

impl CallBody {
    /// A body without a message.
    pub(crate) fn empty() -> Self {
        Self { state: State::Done }
    }

    /// A body for answers that are not gRPC.
    pub(crate) fn text(text: &'static str) -> Self {
        let text = Bytes::from_static(text.as_bytes());
        Self {
            state: State::Text(text),
        }
    }
}

impl State {
    fn of_finished(finished: Finished) -> Self {
        let mut trailers = finished.trailers.into_headers();
        match &finished.result {
            Ok(()) => drop(trailers.insert(GRPC_STATUS, OK)),
            Err(status) => write_status(status, &mut trailers),
        }
        if finished.frames.is_empty() {
            Self::Trailers(trailers)
        } else {
            Self::Frames(finished.frames, trailers)
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
        if let State::Driving(drive) = &mut self.state {
            match drive.poll(cx) {
                Poll::Ready(finished) => self.state = State::of_finished(finished),
                Poll::Pending => {
                    let frames = drive.buffer.take_frames();
                    if frames.is_empty() {
                        return Poll::Pending;
                    }
                    return Poll::Ready(Some(Ok(Frame::data(frames))));
                }
            }
        }
        let frame = match mem::replace(&mut self.state, State::Done) {
            State::Frames(frames, trailers) => {
                self.state = State::Trailers(trailers);
                Frame::data(frames)
            }
            State::Trailers(trailers) => Frame::trailers(trailers),
            State::Text(text) => Frame::data(text),
            State::Done | State::Driving(_) => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Done => SizeHint::with_exact(0),
            State::Text(text) => SizeHint::with_exact(text.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for CallBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBody").finish_non_exhaustive()
    }
}

type Interruption = Pin<Box<dyn Future<Output = Status> + Send>>;

/// A running handler, and all that can end it early.
struct Drive {
    running: Pin<Box<dyn Future<Output = Finished> + Send>>,
    buffer: ResponseBuffer,
    expiry: Expiry,
    /// The end of the expiry, made when the handler first waits: most calls never do.
    interruption: Option<Interruption>,
    method: Arc<Method>,
    _permit: CallPermit,
}

impl Drive {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let running = &mut self.running;
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
            Ok(Poll::Ready(finished)) => return Poll::Ready(finished),
            Ok(Poll::Pending) => {}
            Err(_) => {
                tracing::error!(method = self.method.name(), "the handler panicked");
                return Poll::Ready(self.ended_early(Status::internal("the handler panicked")));
            }
        }
        let expiry = &self.expiry;
        self.interruption
            .get_or_insert_with(|| Box::pin(expiry.clone().reached()))
            .as_mut()
            .poll(cx)
            .map(|status| self.ended_early(status))
    }

    /// Whole frames that were put out still go out.
    fn ended_early(&self, status: Status) -> Finished {
        let frames = self.buffer.take_frames();
        Finished {
            result: Err(status),
            headers: None,
            frames,
            trailers: MetadataMap::new(),
        }
    }
}

fn write_status(status: &Status, map: &mut HeaderMap) {
    if let Err(invalid) = status.add_header(map) {
        // Only a message or details that no header can carry get here.
        tracing::error!(error = %invalid, "a status could not be sent as it is");
        map.insert(GRPC_STATUS, HeaderValue::from(Code::Internal as i32));
    }
}
