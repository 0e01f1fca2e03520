//! The response, which polls the handler.
//!
//! [`ResponseFuture`] polls the handler until its headers are due; [`CallBody`] polls it on, passes its messages
//! to the transport, and ends with its status. A deadline, the end of a drain and a panic end the call here, whatever the
//! handler does.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body as TonicBody;
use tonic::metadata::MetadataMap;

use super::call::{Call, CallStart};
use super::call_log::{CallLog, CallReport, Observed};
use super::expiry::Expiry;
use super::framing::{Finished, ResponseBuffer, Unmatched, Unsent};
use super::layered_body::LayeredBody;
use super::peer::Peer;
use super::traits::BoxHandler;
use crate::protocol::{
    self, Answer, Encoding, End, Form, GRPC_STATUS, PREFIX, Protocol, RestCall, fit_trailers_only, is_grpc,
    refuse_headers,
};
use crate::schema::Method;

/// A permit for one of the calls that a server takes at a time. It is returned when the call's handler has ended.
pub(crate) type CallPermit = Arc<ServerCalls>;

/// What the calls of a server share. It is held once for each call in flight, which is how those are counted.
#[derive(Debug)]
pub(crate) struct ServerCalls {
    pub(crate) log: Arc<CallLog>,
}

/// A call whose headers are not due yet. Resolves to the response when they are.
pub(crate) struct ResponseFuture {
    running: Option<RunningHandler>,
    form: Form,
    encoding: Option<Encoding>,
    /// What is held back of a response that begins when its end is known. Boxed, because a future is moved, and most have none.
    held: Option<Box<Held>>,
}

/// The headers and the message of a response that begins when its end is known.
#[derive(Default)]
struct Held {
    headers: Option<MetadataMap>,
    message: Bytes,
}

impl ResponseFuture {
    /// Starts the handler of a call.
    pub(crate) fn start(handler: &BoxHandler, mut start: CallStart, permit: CallPermit) -> Self {
        let (form, encoding) = (start.form, start.response_encoding);
        let method = Arc::clone(&start.method);
        let rest = start.rest.clone();
        let expiry = Expiry::new(start.deadline, start.lifecycle.clone());
        let header_limit = Peer::header_limit_of(start.peer.as_ref());
        let observed = start.observed.take();
        let record = observed.as_ref().map(|observed| Arc::clone(observed.record()));
        let (call, buffer) = Call::new(start, record);
        let future = Arc::clone(handler).run(call);
        let running = RunningHandler {
            future,
            buffer,
            expiry,
            interruption: None,
            method,
            protocol: form.protocol,
            rest,
            header_limit,
            permit,
            observed,
        };
        Self {
            running: Some(running),
            form,
            encoding,
            held: None,
        }
    }

    /// When the call must end. `None` after the response was returned.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.running.as_ref().map(|handler| handler.expiry.clone())
    }
}

impl Future for ResponseFuture {
    type Output = http::Response<CallBody>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (form, encoding) = (self.form, self.encoding);
        if form.protocol.is_whole() {
            return self.poll_whole(cx);
        }
        let handler = self
            .running
            .as_mut()
            .expect("not polled after it gave the response");
        let limit = handler.header_limit;
        // Nothing is cloned of other calls.
        let rest = handler.rest.clone();
        let rest = rest.as_deref();
        let (headers, state) = match handler.poll(cx) {
            Poll::Ready(mut finished) => {
                let flushed = handler.buffer.take_headers();
                if flushed.is_none()
                    && !finished.sets_headers
                    && finished.frames.is_empty()
                    && let Err(status) = &finished.result
                {
                    let headers = finished.headers.unwrap_or_default();
                    return Poll::Ready(refused(form, rest, status, headers, finished.trailers, limit));
                }
                let headers = flushed.or(finished.headers.take()).unwrap_or_default();
                (headers, State::of_finished(finished, form.protocol, rest, limit))
            }
            Poll::Pending => match handler.buffer.take_headers() {
                None => return Poll::Pending,
                Some(headers) => {
                    let handler = self.running.take().expect("it was there a moment ago");
                    (headers, State::Running(handler))
                }
            },
        };
        let mut response = http::Response::new(CallBody { state });
        *response.headers_mut() = headers.into_headers();
        protocol::begin(form, encoding, response.headers_mut());
        if let Some(rest) = rest {
            rest.begin(response.headers_mut());
        }
        if let Some(status) = refuse_headers(response.headers(), limit) {
            if let State::Running(handler) = &response.body().state
                && let Some(observed) = &handler.observed
            {
                observed.ended(&Err(status.clone()), 0, false);
            }
            let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
            return Poll::Ready(refused(form, rest, &status, headers, trailers, limit));
        }
        Poll::Ready(response)
    }
}

impl ResponseFuture {
    /// The response of a protocol that says how a call ended before its message: it is there when the handler has ended.
    fn poll_whole(&mut self, cx: &mut Context<'_>) -> Poll<http::Response<CallBody>> {
        let handler = self
            .running
            .as_mut()
            .expect("not polled after it gave the response");
        let polled = handler.poll(cx);
        let held = self.held.get_or_insert_default();
        if let Some(headers) = handler.buffer.take_headers() {
            held.headers = Some(headers);
        }
        let Poll::Ready(finished) = polled else {
            let frames = handler.take_frames();
            if !frames.is_empty() {
                held.message = frames;
            }
            return Poll::Pending;
        };
        let headers = held.headers.take().or(finished.headers).unwrap_or_default();
        let message = if finished.frames.is_empty() {
            mem::take(&mut held.message)
        } else {
            finished.frames
        };
        let headers = headers.into_headers();
        let message = message.slice(message.len().min(PREFIX)..);
        let result = finished.result.as_ref().copied();
        let trailers = finished.trailers.into_headers();
        let rest = handler.rest.as_deref();
        let answer = match rest {
            Some(rest) => rest.whole(self.encoding, headers, message, result, &trailers),
            None => protocol::whole(self.form, self.encoding, headers, message, result, &trailers),
        };
        let limit = handler.header_limit;
        Poll::Ready(match refuse_headers(&answer.headers, limit) {
            Some(status) => {
                let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
                refused(self.form, rest, &status, headers, trailers, limit)
            }
            None => known(answer),
        })
    }
}

/// The response to a call that fails before its headers were sent.
fn refused(
    form: Form,
    rest: Option<&RestCall>,
    status: &Status,
    headers: MetadataMap,
    trailers: MetadataMap,
    header_limit: u32,
) -> http::Response<CallBody> {
    match rest {
        Some(rest) => known(rest.refuse(status, headers.into_headers(), &trailers.into_headers())),
        None => refusal(form, status, headers, trailers, header_limit),
    }
}

/// The response to a call that fails before its headers were sent, or never began.
pub(crate) fn refusal(
    form: Form,
    status: &Status,
    headers: MetadataMap,
    trailers: MetadataMap,
    header_limit: u32,
) -> http::Response<CallBody> {
    known(protocol::refuse(
        form,
        status,
        headers.into_headers(),
        trailers.into_headers(),
        header_limit,
    ))
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
    fn of_finished(
        finished: Finished,
        protocol: Protocol,
        rest: Option<&RestCall>,
        header_limit: u32,
    ) -> Self {
        let result = finished.result.as_ref().copied();
        let frames = match rest {
            _ if finished.frames.is_empty() => Bytes::new(),
            Some(rest) => rest.dress(finished.frames),
            None => protocol.dress(finished.frames),
        };
        let end = match rest {
            Some(rest) => rest.end(result),
            None => protocol::end(protocol, result, finished.trailers.into_headers(), header_limit),
        };
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
                    let rest = handler.rest.as_deref();
                    self.state = State::of_finished(finished, handler.protocol, rest, handler.header_limit);
                }
                Poll::Pending => {
                    let frames = handler.take_frames();
                    if frames.is_empty() {
                        return Poll::Pending;
                    }
                    let frames = match &handler.rest {
                        Some(rest) => rest.dress(frames),
                        None => handler.protocol.dress(frames),
                    };
                    return Poll::Ready(Some(Ok(Frame::data(frames))));
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

/// A response that came through the server's layers, with no more headers than its client takes.
pub(crate) fn layered(
    response: http::Response<TonicBody>,
    header_limit: u32,
    mut report: Option<Box<CallReport>>,
) -> http::Response<CallBody> {
    let (mut parts, body) = response.into_parts();
    if let Some(report) = &mut report {
        report.tells(&parts.headers);
    }
    if parts.headers.contains_key(GRPC_STATUS) {
        fit_trailers_only(&mut parts.headers, header_limit);
    } else if is_call(&parts.headers)
        && let Some(status) = refuse_headers(&parts.headers, header_limit)
    {
        let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
        let refused = refusal(Form::GRPC, &status, headers, trailers, header_limit);
        if let Some(report) = &mut report {
            report.tells(refused.headers());
        }
        return refused;
    }
    let state = State::Layered(LayeredBody {
        body,
        header_limit,
        report,
    });
    http::Response::from_parts(parts, CallBody { state })
}

fn is_call(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|content_type| is_grpc(content_type.as_bytes()))
}

impl fmt::Debug for CallBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBody").finish_non_exhaustive()
    }
}

type Interruption = Pin<Box<dyn Future<Output = Status> + Send>>;

/// A running handler, and everything that can end it early.
struct RunningHandler {
    future: Pin<Box<dyn Future<Output = Finished> + Send>>,
    buffer: ResponseBuffer,
    expiry: Expiry,
    /// Waits for `expiry`. Made when the handler first waits, which most never do.
    interruption: Option<Interruption>,
    method: Arc<Method>,
    protocol: Protocol,
    /// The call, if it is one by REST.
    rest: Option<Arc<RestCall>>,
    /// How many bytes of headers the client takes.
    header_limit: u32,
    permit: CallPermit,
    /// `None` if nobody observes the call. Dropped after the handler.
    observed: Option<Box<Observed>>,
}

impl RunningHandler {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let finished = ready!(self.poll_handler(cx));
        if self.observed.is_some() || matches!(finished.unmatched, Unmatched::Yes(_)) {
            self.tell(&finished);
        }
        Poll::Ready(finished)
    }

    fn poll_handler(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let entered = self.observed.as_ref().map(|observed| observed.enter());
        let future = &mut self.future;
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Ready(finished)) => return Poll::Ready(finished),
            Ok(Poll::Pending) => {}
            Err(_) => {
                tracing::error!(method = self.method.name(), "the handler panicked");
                drop(entered);
                return Poll::Ready(self.end_early(Status::internal("the handler panicked")));
            }
        }
        drop(entered);
        let expiry = &self.expiry;
        let status = ready!(
            self.interruption
                .get_or_insert_with(|| Box::pin(expiry.clone().reached()))
                .as_mut()
                .poll(cx)
        );
        Poll::Ready(self.end_early(status))
    }

    /// Tells the log of calls how the handler has ended.
    #[cold]
    fn tell(&self, finished: &Finished) {
        match (&self.observed, &finished.unmatched) {
            (Some(observed), unmatched) => {
                observed.sent_bytes(finished.frames.len());
                let is_unmatched = matches!(unmatched, Unmatched::Yes(_));
                observed.ended(&finished.result, finished.sent, is_unmatched);
            }
            (None, Unmatched::Yes(peer)) => {
                let log = &self.permit.log;
                log.unmatched(self.method.name(), peer.as_ref(), &finished.result);
            }
            (None, Unmatched::No) => {}
        }
    }

    /// The messages that the handler has flushed since the last call; empty if there are none.
    fn take_frames(&self) -> Bytes {
        let frames = self.buffer.take_frames();
        if let Some(observed) = &self.observed {
            observed.sent_bytes(frames.len());
        }
        frames
    }

    /// Drops the handler. The messages that it has flushed are still sent, and the metadata that it has set.
    fn end_early(&mut self, status: Status) -> Finished {
        let handler: Pin<Box<dyn Future<Output = Finished> + Send>> =
            mem::replace(&mut self.future, Box::pin(pending()));
        if catch_unwind(AssertUnwindSafe(|| drop(handler))).is_err() {
            tracing::error!(
                method = self.method.name(),
                "the handler panicked when it was dropped"
            );
        }
        let frames = self.buffer.take_frames();
        let Unsent {
            headers,
            sets_headers,
            trailers,
        } = self.buffer.take_unsent();
        Finished {
            result: Err(status),
            headers,
            sets_headers,
            frames,
            trailers,
            sent: 0,
            unmatched: Unmatched::No,
        }
    }
}

/// A handler that is dropped before it has ended was cancelled, if its time was not over.
impl Drop for RunningHandler {
    fn drop(&mut self) {
        if let Some(observed) = &self.observed
            && !observed.has_ended()
            && let Some(status) = self.expiry.status()
        {
            observed.ended(&Err(status), 0, false);
        }
    }
}
