//! Recognises a request, and reads what its head says of the call.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method as HttpMethod, StatusCode, Uri, header};
use tonic::Status;

use super::compression::Encoding;
use super::connect;
use super::ends::Answer;
use super::form::{Form, Protocol};
use super::grpc;

/// Why a request is not a call in any protocol. Boxed where it may be returned, because what is returned is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unrecognised {
    pub(crate) code: StatusCode,
    /// What is wrong, and what to do.
    pub(crate) text: String,
    /// What to send instead, in a header of its own.
    pub(crate) instead: Option<(HeaderName, HeaderValue)>,
}

/// Plain HTTP.
impl From<Unrecognised> for Answer {
    fn from(unrecognised: Unrecognised) -> Self {
        let mut headers = HeaderMap::from_iter(unrecognised.instead);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        Self {
            code: unrecognised.code,
            headers,
            body: unrecognised.text.into(),
        }
    }
}

/// What the head of a request says of the call.
#[derive(Debug)]
pub(crate) struct Head {
    /// How long the client gives the call. `None` if it does not say.
    pub(crate) timeout: Option<Duration>,
    /// How the client compressed its messages.
    pub(crate) request_encoding: Option<Encoding>,
    /// How to compress the responses.
    pub(crate) response_encoding: Option<Encoding>,
    /// The message, if it stands in the address. Boxed, because heads are moved, and most have none.
    pub(crate) message: Option<Box<Bytes>>,
}

/// The form of a request. Fails for one that is no call.
#[inline]
pub(crate) fn recognise(
    method: &HttpMethod,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Form, Box<Unrecognised>> {
    if method != HttpMethod::POST {
        return recognise_get(method, uri);
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    Form::of_content_type(content_type).ok_or_else(|| Box::new(unknown_type()))
}

/// A request with a verb other than POST.
#[cold]
fn recognise_get(method: &HttpMethod, uri: &Uri) -> Result<Form, Box<Unrecognised>> {
    let query = uri.query().unwrap_or_default();
    if method == HttpMethod::GET || method == HttpMethod::HEAD {
        if let Some(form) = connect::form_of_query(query) {
            return Ok(form);
        }
        if connect::is_meant(query) {
            return Err(Box::new(Unrecognised {
                code: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                text: "a call by GET says encoding=json or encoding=proto in its query, beside its message\n"
                    .into(),
                instead: None,
            }));
        }
    }
    Err(Box::new(Unrecognised {
        code: StatusCode::METHOD_NOT_ALLOWED,
        text: "methods are called by POST\n".to_owned(),
        instead: Some((header::ALLOW, HeaderValue::from_static("POST"))),
    }))
}

#[cold]
fn unknown_type() -> Unrecognised {
    Unrecognised {
        code: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        text: "a call has the content type application/json, or that of gRPC, gRPC-Web or Connect\n".into(),
        instead: Some(accept_post(
            "application/json, application/proto, application/grpc, application/grpc-web, \
             application/grpc-web-text, application/connect+json, application/connect+proto",
        )),
    }
}

/// The header that lists the content types which are taken.
pub(crate) fn accept_post(types: &'static str) -> (HeaderName, HeaderValue) {
    let types = HeaderValue::from_static(types);
    (HeaderName::from_static("accept-post"), types)
}

/// What the head of a request in this form says of the call.
///
/// Fails with the status to answer: on malformed time limits and unknown compressions.
#[inline]
pub(crate) fn head_of(form: Form, verb: &HttpMethod, uri: &Uri, headers: &HeaderMap) -> Result<Head, Status> {
    let protocol = form.protocol;
    let mut message = None;
    let request_encoding = match uri.query() {
        Some(query) if protocol == Protocol::ConnectUnary && verb != HttpMethod::POST => {
            let get = connect::read_query(query)?;
            message = Some(Box::new(get.message));
            get.encoding
        }
        _ => request_encoding(headers, &protocol.encoding_header())?,
    };
    Ok(Head {
        timeout: timeout(protocol, headers)?,
        request_encoding,
        response_encoding: response_encoding(request_encoding, &protocol.accept_encoding_header(), headers),
        message,
    })
}

/// How the header of this name says that the messages of a request are compressed. If it is there twice, they are so one time
/// after the other, RFC 9110 section 8.4, which cannot be read.
#[inline]
pub(super) fn request_encoding(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Encoding>, Status> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Encoding::from_header(value),
        (_, Some(_)) => Err(compressed_twice(name)),
    }
}

#[cold]
fn compressed_twice(name: &HeaderName) -> Status {
    Status::unimplemented(format!("{name} is there twice; messages are compressed once"))
}

/// How responses are compressed, like grpc-go's: a client that compresses gets compressed responses, if it takes them.
#[inline]
pub(super) fn response_encoding(
    request_encoding: Option<Encoding>,
    accepted_by: &HeaderName,
    headers: &HeaderMap,
) -> Option<Encoding> {
    request_encoding.filter(|encoding| encoding.is_accepted_by(headers.get_all(accepted_by)))
}

#[inline]
fn timeout(protocol: Protocol, headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    match protocol {
        Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText => {
            headers.get(grpc::TIMEOUT).map(grpc::parse_timeout).transpose()
        }
        Protocol::ConnectUnary | Protocol::ConnectStream => {
            connect::check_version(headers)?;
            connect::timeout(headers)
        }
    }
}
