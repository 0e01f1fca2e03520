//! What layers answer and fail with, in the protocol of the call.
//!
//! A layer that knows nothing of calls refuses a request by an HTTP status, or fails with an error of any type. The client
//! gets a status as its protocol has it: that of the error, or the one that gRPC's own
//! [table](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md) has for the HTTP status. In the
//! protocols that are plain HTTP, an HTTP response is an answer as it is; only a refusal in words becomes JSON, which clients of
//! Connect read.

use std::error::Error as StdError;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::excerpt::excerpt;
use crate::handler::{CallRecord, known, status_of};
use crate::protocol::{self, End, Form, GRPC_STATUS, OF_STATUS, Protocol, received_status};

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// The response to a call of this form whose layer gave `answer`. `None` stands for calls by REST, and for requests that are
/// no calls: layers may answer to these what they like, and a status is told by REST's ways. `record` is told what the client is told in the place of the handler.
pub(super) fn call_answer<B>(
    answer: Result<Response<B>, BoxError>,
    form: Option<Form>,
    record: Option<Arc<CallRecord>>,
    cx: &mut Context<'_>,
) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    match (answer, form) {
        (Ok(mut response), form)
            if form.is_none_or(|form| form.protocol != Protocol::Grpc) && is_grpc_status(&response) =>
        {
            let mut headers = std::mem::take(response.headers_mut());
            let status = received_status(&headers).unwrap_or_else(|| Status::unknown(""));
            for name in OF_STATUS.iter().chain(&OF_BODY) {
                headers.remove(name);
            }
            refused(form, &status, headers, record.as_deref())
        }
        (Ok(response), None) => response.map(Body::new),
        (Ok(response), Some(form)) if is_of_form(form, &response) => response.map(|body| {
            Body::new(CallBody {
                body,
                protocol: form.protocol,
                record,
                has_failed: false,
            })
        }),
        (Ok(response), Some(form)) => {
            let code = response.status();
            let (status, headers) = from_http(response, cx);
            let mut refused = refused(Some(form), &status, headers, record.as_deref());
            if form.protocol == Protocol::ConnectUnary {
                *refused.status_mut() = code;
            }
            refused
        }
        (Err(error), form) => refused(form, &status_of(&*error), HeaderMap::new(), record.as_deref()),
    }
}

/// Whether a response is gRPC's for a call without a message, as tonic's interceptors and many layers answer.
fn is_grpc_status<B>(response: &Response<B>) -> bool {
    let headers = response.headers();
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let form = content_type.and_then(Form::of_content_type);
    form.is_some_and(|form| form.protocol == Protocol::Grpc) && headers.contains_key(GRPC_STATUS)
}

/// Whether a response is one of the protocol in which the call came.
fn is_of_form<B>(form: Form, response: &Response<B>) -> bool {
    let (code, headers) = (response.status(), response.headers());
    if form.protocol == Protocol::ConnectUnary {
        return !(code.is_client_error() || code.is_server_error()) || !is_text(headers);
    }
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let found = content_type.and_then(Form::of_content_type);
    found.is_some_and(|found| found.protocol == form.protocol)
        && (code == StatusCode::OK || headers.contains_key(GRPC_STATUS))
}

/// Whether a response is a text, or nothing.
fn is_text(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|content_type| content_type.as_bytes().starts_with(b"text/"))
}

/// Headers of the body of a layer's response, which is not sent.
const OF_BODY: [HeaderName; 4] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
];

/// What a layer's HTTP response says to a call. The message is the body, if it is a text that is there at once.
fn from_http<B>(response: Response<B>, cx: &mut Context<'_>) -> (Status, HeaderMap)
where
    B: HttpBody<Data = Bytes>,
{
    let (parts, body) = response.into_parts();
    let mut headers = parts.headers;
    let is_text = is_text(&headers);
    let said = match pin!(body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) if is_text => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    };
    let said = String::from_utf8_lossy(&said);
    let message = match said.trim() {
        "" => format!("a layer of the server answered with HTTP {}", parts.status),
        said => excerpt(said).into_owned(),
    };
    for of_body in &OF_BODY {
        headers.remove(of_body);
    }
    (Status::new(code_of(parts.status), message), headers)
}

fn refused(
    form: Option<Form>,
    status: &Status,
    headers: HeaderMap,
    record: Option<&CallRecord>,
) -> Response<Body> {
    if let Some(record) = record {
        record.told(status);
    }
    let answer = match form {
        // What comes out of the layers is cut to what the client takes.
        Some(form) => protocol::refuse(form, status, headers, HeaderMap::new(), u32::MAX),
        None => protocol::http_error(status, headers),
    };
    known(answer).map(Body::new)
}

/// gRPC's table, and three statuses that layers use and it leaves out.
fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::BAD_REQUEST => Code::Internal,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::NOT_FOUND => Code::Unimplemented,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Code::Unavailable,
        StatusCode::REQUEST_TIMEOUT => Code::DeadlineExceeded,
        StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
        StatusCode::INTERNAL_SERVER_ERROR => Code::Internal,
        _ => Code::Unknown,
    }
}

pin_project! {
    /// The body of a call's response, which ends with a status if the layer's body fails.
    struct CallBody<B> {
        #[pin]
        body: B,
        protocol: Protocol,
        record: Option<Arc<CallRecord>>,
        has_failed: bool,
    }
}

impl<B> HttpBody for CallBody<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        if *this.has_failed {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(this.body.poll_frame(cx)) {
            Some(Err(error)) => {
                *this.has_failed = true;
                let error: BoxError = error.into();
                let status = status_of(&*error);
                if let Some(record) = &this.record {
                    record.told(&status);
                }
                // What comes out of the layers is cut to what the client takes.
                Some(Ok(
                    match protocol::end(*this.protocol, Err(&status), HeaderMap::new(), u32::MAX) {
                        End::Trailers(trailers) => Frame::trailers(trailers),
                        End::Data(data) => Frame::data(data),
                        End::Broken(status) => return Poll::Ready(Some(Err(status))),
                    },
                ))
            }
            Some(Ok(frame)) => Some(Ok(frame)),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.has_failed || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_status_is_the_grpc_status_of_the_table() {
        for (http, code) in [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (408, Code::DeadlineExceeded),
            (413, Code::ResourceExhausted),
            (429, Code::Unavailable),
            (500, Code::Internal),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
            (200, Code::Unknown),
            (302, Code::Unknown),
            (418, Code::Unknown),
        ] {
            let status = StatusCode::from_u16(http).expect("a status");
            assert_eq!(code_of(status), code, "{http}");
        }
    }
}
