//! Responses to requests that do not become calls.

use http::{HeaderMap, HeaderName, HeaderValue, Method as HttpMethod, Request, Response, StatusCode, header};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::generation::Generation;
use crate::excerpt::excerpt;
use crate::handler::{CallBody, RequestBody, accepted_encodings, is_grpc, trailers_only};

const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The response to a gRPC request that does not become a call.
pub(super) fn refuse(status: &Status, header_limit: u32) -> Response<CallBody> {
    let mut headers = HeaderMap::new();
    if status.code() == Code::Unimplemented {
        headers.insert(GRPC_ACCEPT_ENCODING, accepted_encodings());
    }
    trailers_only(
        status,
        MetadataMap::from_headers(headers),
        MetadataMap::new(),
        header_limit,
    )
}

/// The response to a request that is not gRPC: plain HTTP, after the request was read. A client that still sends when the
/// stream is reset may lose the response.
pub(super) async fn refuse_http(code: StatusCode, request: Request<RequestBody>) -> Response<CallBody> {
    let is_head = request.method() == HttpMethod::HEAD;
    let mut request = request.into_body();
    request.discard().await;
    let (text, allowed) = match code {
        StatusCode::METHOD_NOT_ALLOWED => ("gRPC calls are sent by POST\n", Some("POST")),
        _ => ("gRPC calls have the content type application/grpc\n", None),
    };
    let body = if is_head {
        CallBody::empty()
    } else {
        CallBody::text(text)
    };
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if let Some(allowed) = allowed {
        headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    response
}

/// Checks that a request is gRPC: POST, with the content type of gRPC. Otherwise fails with the HTTP status to answer.
pub(super) fn check_http<B>(request: &Request<B>) -> Result<(), StatusCode> {
    if request.method() != HttpMethod::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    if is_grpc(content_type) {
        Ok(())
    } else {
        Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }
}

/// The status for a path that has no method. Never a 404: clients fall back from one reflection version to the other on
/// UNIMPLEMENTED.
pub(super) fn no_such_method(generation: &Generation, path: &str) -> Status {
    let name = path.strip_prefix('/').unwrap_or(path);
    let (service, method) = name.rsplit_once('/').unwrap_or((name, ""));
    let shown = excerpt(method);
    if generation.schema.has_service(service) {
        Status::unimplemented(format!("the service {service} has no method {shown:?}"))
    } else {
        Status::unimplemented(format!("there is no service {:?}", excerpt(service)))
    }
}
