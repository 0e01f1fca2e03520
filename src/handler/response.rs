//! The response: its future, which polls the handler until its headers are due, and responses that need no handler.
//!
//! A protocol that says how a call ended before its message has its headers when the handler has ended. Those of the others
//! are due with the first message, and [`CallBody`] polls the handler on.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::Body as _;
use tonic::Status;
use tonic::body::Body as TonicBody;
use tonic::metadata::MetadataMap;

use super::call::{Call, CallStart};
use super::call_body::{CallBody, known};
use super::expiry::Expiry;
use super::layered_body::LayeredBody;
use super::observed::{CallReport, Observed};
use super::peer::Peer;
use super::running::{CallPermit, RunningHandler};
use super::traits::BoxHandler;
use crate::protocol::{self, Form, GRPC_STATUS, PREFIX, Speech, fit_trailers_only, is_grpc, refuse_headers};

/// A call whose headers are not due yet. Resolves to the response when they are.
pub(crate) struct ResponseFuture {
    running: Option<RunningHandler>,
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
        let method = Arc::clone(&start.method);
        let speech = start.speech.clone();
        let expiry = Expiry::new(start.deadline, start.lifecycle.clone());
        let encoding = start.response_encoding;
        let max_send_size = start.limits.max_send_size;
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
            speech,
            encoding,
            max_send_size,
            header_limit,
            permit,
            observed,
        };
        Self {
            running: Some(running),
            held: None,
        }
    }

    /// The number of the call. `None` if nobody observes it, or after the response was returned.
    pub(crate) fn call_id(&self) -> Option<u64> {
        self.running.as_ref()?.observed.as_ref().map(Observed::id)
    }

    /// When the call must end. `None` after the response was returned.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        let handler = self.running.as_ref()?;
        let expiry = handler.expiry.clone();
        Some(match &handler.observed {
            Some(observed) => expiry.or_steered(observed.record()),
            None => expiry,
        })
    }
}

impl Future for ResponseFuture {
    type Output = http::Response<CallBody>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let handler = this
            .running
            .as_mut()
            .expect("not polled after it gave the response");
        if handler.speech.is_whole() {
            let held = this.held.get_or_insert_default();
            return poll_whole(handler, held, cx);
        }
        let limit = handler.header_limit;
        let (headers, finished) = match handler.poll(cx) {
            Poll::Ready(mut finished) => {
                let flushed = handler.take_headers();
                if flushed.is_none()
                    && !finished.sets_headers
                    && finished.frames.is_empty()
                    && let Err(status) = &finished.result
                {
                    let headers = finished.headers.unwrap_or_default();
                    handler.ends();
                    return Poll::Ready(refused(
                        &handler.speech,
                        status,
                        headers,
                        finished.trailers,
                        limit,
                    ));
                }
                let headers = flushed.or(finished.headers.take()).unwrap_or_default();
                (headers, Some(finished))
            }
            Poll::Pending => match handler.take_headers() {
                None => return Poll::Pending,
                Some(headers) => (headers, None),
            },
        };
        let mut headers = headers.into_headers();
        handler.speech.begin(handler.encoding, &mut headers);
        if let Some(status) = refuse_headers(&headers, limit) {
            handler.refused(&status);
            handler.ends();
            let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
            return Poll::Ready(refused(&handler.speech, &status, headers, trailers, limit));
        }
        let body = match finished {
            Some(finished) => {
                handler.ends();
                CallBody::finished(&handler.speech, finished, limit)
            }
            None => CallBody::running(this.running.take().expect("it was there a moment ago")),
        };
        let mut response = http::Response::new(body);
        *response.headers_mut() = headers;
        Poll::Ready(response)
    }
}

/// The response of a protocol that says how a call ended before its message: it is there when the handler has ended.
fn poll_whole(
    handler: &mut RunningHandler,
    held: &mut Held,
    cx: &mut Context<'_>,
) -> Poll<http::Response<CallBody>> {
    let polled = handler.poll(cx);
    if let Some(headers) = handler.take_headers() {
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
    let message = message.slice(message.len().min(PREFIX)..);
    let answer = handler.speech.whole(
        handler.encoding,
        headers.into_headers(),
        message,
        finished.result.as_ref().copied(),
        &finished.trailers.into_headers(),
    );
    let limit = handler.header_limit;
    let refusal = refuse_headers(&answer.headers, limit);
    if let Some(status) = &refusal {
        handler.refused(status);
    }
    handler.ends();
    Poll::Ready(match refusal {
        Some(status) => {
            let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
            refused(&handler.speech, &status, headers, trailers, limit)
        }
        None => known(answer),
    })
}

/// The response to a call that fails before its headers were sent.
fn refused(
    speech: &Speech,
    status: &Status,
    headers: MetadataMap,
    trailers: MetadataMap,
    header_limit: u32,
) -> http::Response<CallBody> {
    known(speech.refuse(
        status,
        headers.into_headers(),
        trailers.into_headers(),
        header_limit,
    ))
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

/// A response that came through the server's layers, with no more headers than its client takes.
pub(crate) fn layered(
    response: http::Response<TonicBody>,
    header_limit: u32,
    report: Option<CallReport>,
) -> http::Response<CallBody> {
    let (mut parts, body) = response.into_parts();
    if let Some(report) = &report {
        report.tells(&parts.headers);
    }
    if parts.headers.contains_key(GRPC_STATUS) {
        fit_trailers_only(&mut parts.headers, header_limit);
    } else if is_call(&parts.headers)
        && let Some(status) = refuse_headers(&parts.headers, header_limit)
    {
        let (headers, trailers) = (MetadataMap::new(), MetadataMap::new());
        let refused = refusal(Form::GRPC, &status, headers, trailers, header_limit);
        if let Some(report) = &report {
            report.tells(refused.headers());
        }
        return refused;
    }
    if body.is_end_stream()
        && let Some(report) = &report
    {
        report.ends();
    }
    let body = CallBody::layered(LayeredBody {
        body,
        header_limit,
        report,
    });
    http::Response::from_parts(parts, body)
}

fn is_call(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|content_type| is_grpc(content_type.as_bytes()))
}
