//! [`CheckedChannel`]: tonic's channel, whose answers are checked before tonic reads them.
//!
//! tonic takes every answer for gRPC: of an HTML page it says that a frame is malformed. It compares the names of
//! encodings byte by byte, takes an encoding that it cannot read for the server's UNIMPLEMENTED, panics on details that
//! are not base64, and replaces the code of a status whose message is not UTF-8 (0.14.9).

use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Frame, SizeHint};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use tonic::Status;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tower::Service;

use super::not_grpc;
use crate::protocol::Encoding;

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// A channel to a server. Cheap to clone; clones share the connection.
#[derive(Debug, Clone)]
pub(super) struct CheckedChannel(Channel);

impl CheckedChannel {
    pub(super) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// A client on this channel. It accepts every compression that there is, since some servers compress whatever a client
    /// announces.
    pub(super) fn grpc(&self) -> Grpc<Self> {
        Grpc::new(self.clone())
            .accept_compressed(CompressionEncoding::Zstd)
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Deflate)
    }
}

impl Service<Request<Body>> for CheckedChannel {
    type Response = Response<CheckedBody>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.0.poll_ready(cx).map_err(of_transport)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move { checked(response.await.map_err(of_transport)?).await })
    }
}

fn of_transport(error: tonic::transport::Error) -> Status {
    Status::from_error(Box::new(error))
}

async fn checked(response: Response<Body>) -> Result<Response<CheckedBody>, Status> {
    if !not_grpc::is_grpc(&response) {
        return Err(not_grpc::status(response).await);
    }
    let mut response = response.map(CheckedBody);
    let headers = response.headers_mut();
    match Encoding::from_header(headers.get(GRPC_ENCODING)) {
        Ok(None) => drop(headers.remove(GRPC_ENCODING)),
        Ok(Some(encoding)) => drop(headers.insert(GRPC_ENCODING, encoding.header())),
        // INTERNAL, as gRPC's rules for compression have it: UNIMPLEMENTED is the server's to say.
        Err(unknown) => return Err(Status::internal(format!("the server's {}", unknown.message()))),
    }
    mend_status(headers);
    Ok(response)
}

/// Drops details that cannot be read, and replaces what is not UTF-8 in a message: neither is a reason to lose the code.
fn mend_status(headers: &mut HeaderMap) {
    let details = headers.get(Status::GRPC_STATUS_DETAILS);
    if details.is_some_and(|details| BASE64.decode(details).is_err()) {
        headers.remove(Status::GRPC_STATUS_DETAILS);
    }
    let message = headers.get(Status::GRPC_MESSAGE).map(HeaderValue::as_bytes);
    let Some(message) = message.map(percent_decode) else {
        return;
    };
    let message = message.decode_utf8_lossy();
    if message.contains(char::REPLACEMENT_CHARACTER) {
        let message = utf8_percent_encode(&message, NON_ALPHANUMERIC).to_string();
        let message = HeaderValue::try_from(message).expect("it is ASCII");
        headers.insert(Status::GRPC_MESSAGE, message);
    }
}

/// How tonic reads details.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The body of an answer, whose trailers tonic can read.
#[derive(Debug)]
pub(super) struct CheckedBody(Body);

impl http_body::Body for CheckedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = Pin::new(&mut self.0).poll_frame(cx);
        frame.map_ok(|mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                mend_status(trailers);
            }
            frame
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
