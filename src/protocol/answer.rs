//! Begins and ends a response, and refuses a request.
//!
//! gRPC says how a call ended in trailers, gRPC-Web and Connect's streams in a last envelope of the body, and Connect's
//! calls of one message by HTTP's own status.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tonic::{Code, Status};

use super::compression::{Encoding, accepted_encodings};
use super::ends::{Answer, End};
use super::form::{Form, Protocol};
use super::grpc::{write_end, write_trailers_only};
use super::{connect, grpc_web};

/// Adds to the headers of a response with messages what its form has.
#[inline]
pub(super) fn begin(form: Form, encoding: Option<Encoding>, headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, form.content_type());
    if let Some(encoding) = encoding {
        headers.insert(form.protocol.encoding_header(), encoding.header());
    }
}

/// The end of a response with messages. gRPC's is cut to `header_limit` bytes.
pub(crate) fn end(
    protocol: Protocol,
    result: Result<(), &Status>,
    mut trailers: HeaderMap,
    header_limit: u32,
) -> End {
    match protocol {
        Protocol::Grpc => {
            write_end(result, &mut trailers, header_limit);
            End::Trailers(trailers)
        }
        protocol => End::Data(end_in_body(protocol, result, trailers)),
    }
}

/// The last envelope of a response whose protocol has one.
fn end_in_body(protocol: Protocol, result: Result<(), &Status>, mut trailers: HeaderMap) -> Bytes {
    match protocol {
        Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText => {
            write_end(result, &mut trailers, u32::MAX);
            protocol.dress(grpc_web::envelope(&trailers))
        }
        Protocol::ConnectUnary | Protocol::ConnectStream => connect::end_of_stream(result, &trailers),
    }
}

/// What a cache is told of an answer that is compressed: others get it in another way.
pub(super) const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The response of a protocol whose body is one message: `message` is its envelope, or empty if there is none.
pub(super) fn whole(
    form: Form,
    encoding: Option<Encoding>,
    mut headers: HeaderMap,
    message: Bytes,
    result: Result<(), &Status>,
    trailers: &HeaderMap,
) -> Answer {
    connect::add_trailers(&mut headers, trailers);
    if let Err(status) = result {
        return connect::error(status, headers);
    }
    begin(form, encoding, &mut headers);
    if encoding.is_some() {
        headers.append(header::VARY, ACCEPT_ENCODING);
    }
    Answer {
        code: StatusCode::OK,
        headers,
        body: message,
    }
}

/// The response to a call that fails before its headers were sent. `headers` and `trailers` are metadata.
pub(crate) fn refuse(
    form: Form,
    status: &Status,
    mut headers: HeaderMap,
    trailers: HeaderMap,
    header_limit: u32,
) -> Answer {
    if status.code() == Code::Unimplemented {
        headers.insert(form.protocol.accept_encoding_header(), accepted_encodings());
    }
    match form.protocol {
        Protocol::Grpc => {
            headers.extend(trailers);
            headers.insert(header::CONTENT_TYPE, form.content_type());
            write_trailers_only(status, &mut headers, header_limit);
            Answer {
                code: StatusCode::OK,
                headers,
                body: Bytes::new(),
            }
        }
        Protocol::ConnectUnary => whole(form, None, headers, Bytes::new(), Err(status), &trailers),
        protocol => {
            begin(form, None, &mut headers);
            Answer {
                code: StatusCode::OK,
                headers,
                body: end_in_body(protocol, Err(status), trailers),
            }
        }
    }
}
