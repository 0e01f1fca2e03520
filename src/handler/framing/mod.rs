//! The messages of a call as gRPC frames them: read from the request body, written for the response body, compressed
//! or not. Here a frame is one such message with its prefix.

#[cfg(feature = "compression")]
mod compression;
#[cfg(not(feature = "compression"))]
#[path = "no_compression.rs"]
mod compression;
mod incoming;
mod media_type;
mod outgoing;
mod prefix;
mod request_body;
mod response_buffer;

pub(crate) use self::compression::{Encoding, accepted_encodings};
pub(super) use self::incoming::Incoming;
pub(crate) use self::media_type::is_grpc;
pub(crate) use self::outgoing::MessageWriter;
pub(super) use self::outgoing::{Finished, Outgoing, Unmatched};
pub(crate) use self::request_body::RequestBody;
pub(super) use self::response_buffer::{ResponseBuffer, Unsent};
