//! What a response is made of besides its messages, in all protocols.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

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
}
