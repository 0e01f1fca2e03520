//! How a call ended, as a client reads it from the last envelope of a body.

use http::HeaderMap;
use tonic::Status;

use super::form::Protocol;
use super::{connect, grpc, grpc_web};

/// The flag of an envelope that is compressed.
pub(crate) const COMPRESSED: u8 = 1;

/// The flag of the envelope that ends a body. `None` where bodies have no such envelope.
pub(crate) fn end_flag(protocol: Protocol) -> Option<u8> {
    match protocol {
        Protocol::Grpc | Protocol::ConnectUnary => None,
        Protocol::GrpcWeb | Protocol::GrpcWebText => Some(grpc_web::TRAILERS),
        Protocol::ConnectStream => Some(connect::END_OF_STREAM),
    }
}

/// The trailers in the last envelope, decompressed, or the status that the call failed with.
pub(crate) fn read_end(protocol: Protocol, end: &[u8]) -> Result<HeaderMap, Status> {
    match protocol {
        Protocol::ConnectUnary | Protocol::ConnectStream => connect::read_end_of_stream(end),
        Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText => {
            grpc::read_trailers(grpc_web::read(end)?).unwrap_or_else(|| Err(no_status()))
        }
    }
}

/// The status of a call whose trailers have none.
pub(crate) fn no_status() -> Status {
    Status::unknown("the server's trailers have no grpc-status")
}
