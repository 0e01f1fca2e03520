//! How a call has ended, as it is told: its code, and what is kept of the rest of its status.

use bytes::Bytes;
use tonic::{Code, Status};

use crate::excerpt::shortened;

/// How much of the message of a status is told, in bytes. A rule may make it of all that a client sent.
const LONGEST_ERROR: usize = 2048;

/// How many bytes of details of a status are kept. Longer ones are not.
const LONGEST_DETAILS: usize = 16 << 10;

/// How a call has ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) code: Code,
    /// The message of a failure.
    pub(super) message: String,
    pub(super) details: Bytes,
}

impl Outcome {
    pub(super) fn of(status: Option<&Status>) -> Self {
        match status {
            Some(status) => Self {
                code: status.code(),
                message: shortened(status.message(), LONGEST_ERROR).into_owned(),
                details: match status.details() {
                    details if details.len() > LONGEST_DETAILS => Bytes::new(),
                    details => Bytes::copy_from_slice(details),
                },
            },
            None => Self {
                code: Code::Ok,
                message: String::new(),
                details: Bytes::new(),
            },
        }
    }

    /// That of a call of which nothing else is known.
    pub(super) fn lost() -> Self {
        Self {
            code: Code::Cancelled,
            message: "the client cancelled the call, or its connection was lost".to_owned(),
            details: Bytes::new(),
        }
    }

    /// The message of a failure; `None` if it has none.
    pub(super) fn error(&self) -> Option<&str> {
        (!self.message.is_empty()).then_some(&self.message)
    }
}
