//! [`CheckedChannel`]: tonic's channel, whose answers are checked before tonic reads them.
//!
//! tonic takes every answer for gRPC: of an HTML page it says that a frame is malformed. It compares the names of
//! encodings byte by byte, takes an encoding that it cannot read for the server's UNIMPLEMENTED, panics on details that
//! are not base64, and replaces the code of a status whose message is not UTF-8. It takes a status in the headers for the
//! end of a call that goes on, and one in trailers for the end of a message that is not whole. Where a connection broke, it says
//! UNKNOWN (0.14.9).

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::Service;

use super::connect::{chain, find, reason_of};
use super::head::encoding_of;
use super::other_answer;
use crate::protocol::{OF_STATUS, PREFIX, mend_status};

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
    of_connection(Status::from_error(Box::new(error)))
}

/// A status, which is UNAVAILABLE if it stands for a connection that broke. What a server resets a stream with is its word.
fn of_connection(status: Status) -> Status {
    let is_of_connection = |error: &(dyn Error + 'static)| {
        let is_one = error.is::<hyper::Error>() || error.is::<h2::Error>() || error.is::<io::Error>();
        is_one.then_some(())
    };
    if status.code() != Code::Unknown
        || reason_of(&status).is_some()
        || find(&status, is_of_connection).is_none()
    {
        return status;
    }
    let what = status.source().map(chain).unwrap_or_default();
    let mut unavailable = Status::unavailable(format!("the connection broke: {what}"));
    unavailable.set_source(Arc::new(status));
    unavailable
}

async fn checked(response: Response<Body>) -> Result<Response<CheckedBody>, Status> {
    if !other_answer::is_grpc(&response) {
        return Err(other_answer::status("gRPC", response).await);
    }
    let (mut head, body) = response.into_parts();
    let headers = &mut head.headers;
    match encoding_of(headers, GRPC_ENCODING)? {
        None => drop(headers.remove(GRPC_ENCODING)),
        Some(encoding) => drop(headers.insert(GRPC_ENCODING, encoding.header())),
    }
    mend_status(headers);
    let mut in_headers = None;
    if !body.is_end_stream() && headers.contains_key(Status::GRPC_STATUS) {
        in_headers = Some(Box::new(headers.clone()));
        for name in &OF_STATUS {
            headers.remove(name);
        }
    }
    let body = CheckedBody {
        body,
        in_headers,
        place: Place::default(),
    };
    Ok(Response::from_parts(head, body))
}

/// The body of an answer, whose trailers tonic can read.
#[derive(Debug)]
pub(super) struct CheckedBody {
    body: Body,
    /// Headers with a status, which counts if there is nothing else.
    in_headers: Option<Box<HeaderMap>>,
    place: Place,
}

impl http_body::Body for CheckedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
            let trailers = self.in_headers.take();
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(*trailers))));
        };
        let mut frame = frame.map_err(of_connection)?;
        if let Some(data) = frame.data_ref() {
            self.place.follow(data);
        } else if let Some(trailers) = frame.trailers_mut() {
            mend_status(trailers);
            if self.place.is_within_message() && is_ok(trailers) {
                let status = Status::internal("the server's response ends within a message");
                return Poll::Ready(Some(Err(status)));
            }
        }
        self.in_headers = None;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.in_headers.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn is_ok(trailers: &HeaderMap) -> bool {
    let status = trailers.get(Status::GRPC_STATUS);
    status.is_some_and(|status| status == "0")
}

/// How far a body has come.
#[derive(Debug, Default)]
struct Place {
    /// The part of a prefix that has come.
    prefix: [u8; PREFIX],
    filled: usize,
    /// How much of the message is still to come.
    left: usize,
}

impl Place {
    #[inline]
    fn follow(&mut self, mut data: &[u8]) {
        loop {
            let of_message = self.left.min(data.len());
            self.left -= of_message;
            data = &data[of_message..];
            if data.is_empty() {
                return;
            }
            let of_prefix = (PREFIX - self.filled).min(data.len());
            self.prefix[self.filled..self.filled + of_prefix].copy_from_slice(&data[..of_prefix]);
            self.filled += of_prefix;
            data = &data[of_prefix..];
            if self.filled == PREFIX {
                self.filled = 0;
                let [_, a, b, c, d] = self.prefix;
                self.left = u32::from_be_bytes([a, b, c, d]) as usize;
            }
        }
    }

    fn is_within_message(&self) -> bool {
        self.left > 0 || self.filled > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_in_a_body_is_known_however_it_comes() {
        let body = b"\0\0\0\0\x03abc\0\0\0\0\0\x01\0\0\0\x01x";
        let ends = [0, 8, 13, 19];
        for size in 1..=body.len() {
            for end in 0..=body.len() {
                let mut place = Place::default();
                body[..end].chunks(size).for_each(|piece| place.follow(piece));
                assert_eq!(
                    place.is_within_message(),
                    !ends.contains(&end),
                    "{end} in pieces of {size}"
                );
            }
        }
    }
}
