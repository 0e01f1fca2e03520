//! Where a closure's call leaves its outgoing side.

use std::sync::{Arc, Mutex, PoisonError};

use tonic::Status;

use super::framing::{Finished, Outgoing};
use crate::message::IntoMessage;

/// Takes the outgoing side of a call that a closure owns, when the closure drops the call: what was written and not
/// sent yet, and the trailers. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct OutgoingSlot {
    outgoing: Arc<Mutex<Option<Outgoing>>>,
}

impl OutgoingSlot {
    pub(super) fn put(&self, outgoing: Outgoing) {
        *self.outgoing.lock().unwrap_or_else(PoisonError::into_inner) = Some(outgoing);
    }

    fn take(&self) -> Option<Outgoing> {
        self.outgoing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Ends the call after its closure has ended.
    pub(super) fn finish(&self, result: Result<(), Status>) -> Finished {
        match self.take() {
            Some(outgoing) => outgoing.finish(result),
            None => Self::still_held(result.err()),
        }
    }

    /// Sends the one response, and ends the call.
    pub(super) fn finish_with<M: IntoMessage>(&self, response: Result<M, Status>) -> Finished {
        let Some(mut outgoing) = self.take() else {
            return Self::still_held(response.err());
        };
        let result = response.and_then(|message| outgoing.write_message::<M>(&message.into_value(), None));
        outgoing.finish(result)
    }

    /// Ends a call that the closure gave to something that still holds it, such as a task. What was sent through it
    /// is not here, so OK would be wrong. A status of the closure's own is sent.
    fn still_held(status: Option<Status>) -> Finished {
        let status = status.unwrap_or_else(|| {
            Status::internal("the handler has ended, and its call is still held elsewhere")
        });
        Outgoing::default().finish(Err(status))
    }
}
