//! The head of a request, as a client writes it.
//!
//! Metadata of the caller's comes first, and what the protocol says of the call replaces it: nobody gives a call another
//! content type or time limit than it has.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::compression::{Encoding, accepted_encodings};
use super::connect;
use super::form::{Form, Protocol};
use super::grpc;

const X_GRPC_WEB: HeaderName = HeaderName::from_static("x-grpc-web");
const ONE: HeaderValue = HeaderValue::from_static("1");

/// Adds to a call's metadata what its form has. `encoding` is that of its messages, and `timeout` how long it may take.
pub(crate) fn call_head(
    form: Form,
    encoding: Option<Encoding>,
    timeout: Option<Duration>,
    headers: &mut HeaderMap,
) {
    let protocol = form.protocol;
    headers.insert(header::CONTENT_TYPE, form.content_type());
    match encoding {
        Some(encoding) => headers.insert(protocol.encoding_header(), encoding.header()),
        None => headers.remove(protocol.encoding_header()),
    };
    headers.insert(protocol.accept_encoding_header(), accepted_encodings());
    match protocol {
        // Proxies that leave out trailers are told by it.
        Protocol::Grpc => drop(headers.insert(header::TE, HeaderValue::from_static("trailers"))),
        Protocol::GrpcWeb => drop(headers.insert(X_GRPC_WEB, ONE)),
        Protocol::GrpcWebText => {
            headers.insert(X_GRPC_WEB, ONE);
            headers.insert(header::ACCEPT, form.content_type());
        }
        Protocol::ConnectUnary | Protocol::ConnectStream => {
            headers.insert(connect::VERSION, connect::CURRENT);
        }
    }
    let (name, value) = match protocol {
        Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText => {
            (grpc::TIMEOUT, timeout.map(grpc::write_timeout))
        }
        Protocol::ConnectUnary | Protocol::ConnectStream => {
            (connect::TIMEOUT, timeout.map(connect::write_timeout))
        }
    };
    match value {
        Some(value) => headers.insert(name, value),
        None => headers.remove(name),
    };
}

/// Leaves of the head of a call what it has when its message stands in the address.
pub(crate) fn call_head_of_get(headers: &mut HeaderMap) {
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, connect::VERSION] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::Codec;
    use super::super::request::{Head, head_of};
    use super::*;

    fn read(form: Form, headers: &HeaderMap) -> Head {
        let path = http::Uri::from_static("/a/b");
        head_of(form, &http::Method::POST, &path, headers).expect("a call")
    }

    #[test]
    fn what_a_client_writes_is_what_the_server_reads() {
        for protocol in [
            Protocol::Grpc,
            Protocol::GrpcWeb,
            Protocol::GrpcWebText,
            Protocol::ConnectUnary,
            Protocol::ConnectStream,
        ] {
            for codec in [Codec::Proto, Codec::Json] {
                let form = Form { protocol, codec };
                let timeout = Duration::from_millis(1500);
                let mut headers = HeaderMap::new();
                // As a caller may have it from another call.
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
                headers.insert(grpc::TIMEOUT, HeaderValue::from_static("1n"));
                headers.insert(connect::TIMEOUT, HeaderValue::from_static("1"));
                call_head(form, Some(Encoding::Zstd), Some(timeout), &mut headers);
                let content_type = headers[header::CONTENT_TYPE].as_bytes();
                assert_eq!(Form::of_content_type(content_type), Some(form));
                let head = read(form, &headers);
                assert_eq!(head.timeout, Some(timeout), "{form:?}");
                assert_eq!(head.request_encoding, Some(Encoding::Zstd));
                assert_eq!(head.response_encoding, Some(Encoding::Zstd));
                call_head(form, None, None, &mut headers);
                let head = read(form, &headers);
                assert_eq!((head.timeout, head.request_encoding), (None, None), "{form:?}");
            }
        }
    }
}
