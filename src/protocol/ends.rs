//! What a response is made of besides its messages, in all protocols.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tonic::Status;

/// A response whose body is known.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// How a body ends.
#[derive(Debug)]
pub(crate) enum End {
    Trailers(HeaderMap),
    Data(Bytes),
    /// Not at all: the status cannot be said any more, and the client is to see that something is missing.
    Broken(Status),
}
