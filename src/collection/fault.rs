//! Why a collection could not be read or written.

use std::sync::Arc;

use tonic::{Code, Status};

/// Why a collection could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    collection: Arc<str>,
    kind: FaultKind,
}

/// What the matter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// The memory of all collections is full, or the disk is.
    Full,
    /// The disk does not take or give what it should; the log has the reason.
    Unavailable,
    /// What is on the disk is not what was written.
    Damaged,
    /// A sum that does not fit its type.
    Overflow,
    /// The broker of a collection that replicas share does not answer.
    #[cfg(feature = "nats")]
    Away,
    /// This replica does not have yet what the others have stored.
    #[cfg(feature = "nats")]
    Behind,
    /// The broker takes no message of that size.
    #[cfg(feature = "nats")]
    TooLarge,
    /// Replicas that share it have declared another key.
    #[cfg(feature = "nats")]
    OtherKey,
}

impl Fault {
    pub(super) fn new(collection: &Arc<str>, kind: FaultKind) -> Self {
        Self {
            collection: Arc::clone(collection),
            kind,
        }
    }

    /// What the client is told.
    pub(crate) fn status(&self) -> Status {
        let code = match self.kind {
            FaultKind::Full => Code::ResourceExhausted,
            FaultKind::Unavailable => Code::Unavailable,
            FaultKind::Damaged => Code::DataLoss,
            FaultKind::Overflow => Code::OutOfRange,
            #[cfg(feature = "nats")]
            FaultKind::Away | FaultKind::Behind => Code::Unavailable,
            #[cfg(feature = "nats")]
            FaultKind::TooLarge => Code::ResourceExhausted,
            #[cfg(feature = "nats")]
            FaultKind::OtherKey => Code::FailedPrecondition,
        };
        Status::new(code, self.to_string())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            FaultKind::Full => "has no room for more",
            FaultKind::Unavailable => "cannot be read or written now",
            FaultKind::Damaged => "is damaged",
            FaultKind::Overflow => "has numbers whose sum does not fit in 64 bits",
            #[cfg(feature = "nats")]
            FaultKind::Away => "cannot be read or written now: the store does not answer",
            #[cfg(feature = "nats")]
            FaultKind::Behind => {
                "cannot be read or written now: this replica has not caught up with the store"
            }
            #[cfg(feature = "nats")]
            FaultKind::TooLarge => "takes no message that is larger than those of the store may be",
            #[cfg(feature = "nats")]
            FaultKind::OtherKey => {
                "has another key in the store: a collection with another key needs another name"
            }
        };
        write!(f, "the collection `{}` {what}", self.collection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_a_status_that_names_the_collection() {
        let name: Arc<str> = "points".into();
        for (kind, code, text) in [
            (
                FaultKind::Full,
                Code::ResourceExhausted,
                "the collection `points` has no room for more",
            ),
            (
                FaultKind::Unavailable,
                Code::Unavailable,
                "the collection `points` cannot be read or written now",
            ),
            (
                FaultKind::Damaged,
                Code::DataLoss,
                "the collection `points` is damaged",
            ),
            (
                FaultKind::Overflow,
                Code::OutOfRange,
                "the collection `points` has numbers whose sum does not fit in 64 bits",
            ),
            #[cfg(feature = "nats")]
            (
                FaultKind::Away,
                Code::Unavailable,
                "the collection `points` cannot be read or written now: the store does not answer",
            ),
            #[cfg(feature = "nats")]
            (
                FaultKind::Behind,
                Code::Unavailable,
                "the collection `points` cannot be read or written now: this replica has not caught up with the store",
            ),
            #[cfg(feature = "nats")]
            (
                FaultKind::OtherKey,
                Code::FailedPrecondition,
                "the collection `points` has another key in the store: a collection with another key needs another name",
            ),
            #[cfg(feature = "nats")]
            (
                FaultKind::TooLarge,
                Code::ResourceExhausted,
                "the collection `points` takes no message that is larger than those of the store may be",
            ),
        ] {
            let status = Fault::new(&name, kind).status();
            assert_eq!((status.code(), status.message()), (code, text));
        }
    }
}
