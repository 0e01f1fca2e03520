//! The status of a call whose connection was not made, or broke.

use std::error::Error as StdError;
use std::sync::Arc;

use h2::Reason;
use tonic::{Code, Status};

use super::request_body::RequestFault;
use crate::client::connect::{ConnectError, NotTheProtocol, chain, find, reason_of};

/// The status for an error of hyper's. `protocol` is the name of what was to be spoken.
pub(super) fn status_of(protocol: &'static str, error: &(dyn StdError + 'static)) -> Status {
    if let Some(status) = find(error, |error| {
        error
            .downcast_ref::<RequestFault>()
            .map(|fault| fault.status.clone())
    }) {
        return status;
    }
    if let Some(error) = ConnectError::among(error) {
        let mut status = Status::unavailable(format!("cannot connect: {error}"));
        status.set_source(Arc::new(error));
        return status;
    }
    // What a server resets a stream with is its word.
    if let Some(reason) = reason_of(error) {
        return Status::from_error(Box::new(h2::Error::from(reason)));
    }
    let is_parse = find(error, |error| {
        error.downcast_ref::<hyper::Error>()?.is_parse().then_some(())
    });
    if is_parse.is_some() {
        let what = format!(
            "it cannot be read as HTTP, such as the HTTP/2 of a server that speaks only gRPC: {}",
            chain(error)
        );
        return not_the_protocol(Code::Unavailable, protocol, what);
    }
    Status::unavailable(format!("the connection broke: {}", chain(error)))
}

/// As [`status_of`], for a call that has no answer yet. A server that speaks only gRPC may break it off without one.
pub(super) fn status_before_answer(protocol: &'static str, error: &(dyn StdError + 'static)) -> Status {
    match reason_of(error) {
        Some(reason @ (Reason::INTERNAL_ERROR | Reason::PROTOCOL_ERROR)) => not_the_protocol(
            Code::Internal,
            protocol,
            format!("the server broke the call off ({reason:?}), as one does that speaks only gRPC"),
        ),
        _ => status_of(protocol, error),
    }
}

fn not_the_protocol(code: Code, protocol: &'static str, what: String) -> Status {
    let error = NotTheProtocol { protocol, what };
    let mut status = Status::new(code, error.to_string());
    status.set_source(Arc::new(error));
    status
}
