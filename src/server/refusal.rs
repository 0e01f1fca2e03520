//! Responses to requests that do not become calls.

use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use tonic::Status;

use super::generation::Generation;
use crate::excerpt::excerpt;
use crate::handler::{CallBody, RequestBody, known};
use crate::protocol::{Answer, Form, Protocol, Unrecognised, accept_post, recognise};
use crate::schema::Method;
use crate::transport::OverHttp1;

/// Why a request does not become a call.
pub(super) enum Refusal {
    Status {
        status: Status,
        /// Whether nothing answers its method.
        is_unmatched: bool,
    },
    /// It is no call in any protocol.
    Http(Box<Unrecognised>),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Status {
            status,
            is_unmatched: false,
        }
    }
}

impl From<Box<Unrecognised>> for Refusal {
    fn from(unrecognised: Box<Unrecognised>) -> Self {
        Self::Http(unrecognised)
    }
}

/// The response to a request that is no call, after the request was read. A client that still sends when the stream is reset
/// may lose the response.
pub(super) async fn refuse(answer: Answer, request: Request<RequestBody>) -> Response<CallBody> {
    request.into_body().discard().await;
    known(answer)
}

/// The form of a request. Fails for one that is no call.
#[inline]
pub(super) fn form_of<B>(request: &Request<B>) -> Result<Form, Box<Unrecognised>> {
    let form = recognise(request.method(), request.uri(), request.headers())?;
    if form.protocol == Protocol::Grpc && request.version() < Version::HTTP_2 {
        needs_http2(request)?;
    }
    Ok(form)
}

/// Fails if a request of gRPC came over HTTP/1.1. One that came in another way may say that version because nobody has set it.
#[cold]
fn needs_http2<B>(request: &Request<B>) -> Result<(), Box<Unrecognised>> {
    if request.extensions().get::<OverHttp1>().is_none() {
        return Ok(());
    }
    Err(Box::new(Unrecognised {
        code: StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        text: "gRPC needs HTTP/2; over HTTP/1.1 there are gRPC-Web and Connect\n".to_owned(),
        instead: None,
    }))
}

/// Whether a method can be called in this form. In Connect the two differ: one has calls of one message each way, the
/// other streams.
pub(super) fn check_form(form: Form, method: &Method, is_get: bool) -> Result<(), Box<Unrecognised>> {
    let is_stream = method.is_client_streaming() || method.is_server_streaming();
    match form.protocol {
        Protocol::ConnectUnary if is_stream => Err(Box::new(Unrecognised {
            code: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            text: format!(
                "{} is a method with streams: call it with the content type application/connect+{}\n",
                method.name(),
                form.codec.name(),
            ),
            instead: Some(accept_post("application/connect+json, application/connect+proto")),
        })),
        Protocol::ConnectStream if !is_stream => Err(Box::new(Unrecognised {
            code: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            text: format!(
                "{} takes one message and answers with one: call it with the content type application/{}\n",
                method.name(),
                form.codec.name(),
            ),
            instead: Some(accept_post("application/json, application/proto")),
        })),
        Protocol::ConnectUnary if is_get && !method.has_no_side_effects() => Err(Box::new(Unrecognised {
            code: StatusCode::METHOD_NOT_ALLOWED,
            text: format!(
                "{} is called by POST: its proto does not say `idempotency_level = NO_SIDE_EFFECTS`\n",
                method.name()
            ),
            instead: Some((header::ALLOW, HeaderValue::from_static("POST"))),
        })),
        _ => Ok(()),
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
