//! Why a call did not end well.
//!
//! The three reasons have different exit codes: 1 for a failure on this side, 64 + the gRPC code for a status, and 0 if
//! the reader of the output has gone.

use tonic::Status;

use crate::failure::Failure;

/// Why a call did not end well.
pub(super) enum Ending {
    /// It was not made, or was broken off on this side.
    Here(Failure),
    /// The server ended it with this status, whose details are printed so.
    There(Status, Vec<String>),
    /// Whoever read the responses has seen enough.
    ReaderGone,
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

impl From<protod::Error> for Ending {
    fn from(error: protod::Error) -> Self {
        Self::Here(error.into())
    }
}

impl From<Status> for Ending {
    fn from(status: Status) -> Self {
        Self::There(status, Vec::new())
    }
}
