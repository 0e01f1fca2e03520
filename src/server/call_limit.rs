//! The limit of calls in flight.

use std::sync::Arc;

use tonic::Status;

use crate::handler::{CallLog, CallPermit, LargeMessages, ServerCalls};

/// The calls that a server takes at a time.
///
/// Each call holds a clone of one `Arc`, whose count is the number of calls, so a call costs as little as a clone.
#[derive(Debug)]
pub(super) struct CallsInFlight {
    permits: CallPermit,
    most: usize,
}

impl CallsInFlight {
    pub(super) fn new(most: usize, log: CallLog, large: LargeMessages) -> Self {
        Self {
            permits: Arc::new(ServerCalls {
                log: Arc::new(log),
                large: Arc::new(large),
            }),
            most,
        }
    }

    /// What is told of the calls.
    pub(super) fn log(&self) -> &Arc<CallLog> {
        &self.permits.log
    }

    /// How many calls have a permit.
    pub(super) fn in_flight(&self) -> usize {
        Arc::strong_count(&self.permits) - 1
    }

    /// Takes a permit for one more call, which is returned when it is dropped.
    ///
    /// Fails with `RESOURCE_EXHAUSTED` if none is left, like grpc-python's `maximum_concurrent_rpcs` and tonic's
    /// `load_shed`. On `UNAVAILABLE` clients would try again at once, which would make a full server worse.
    pub(super) fn acquire(&self) -> Result<CallPermit, Status> {
        let permit = Arc::clone(&self.permits);
        // Taken before it is counted, so that calls that come at once cannot all get the last permit.
        let calls = self.in_flight();
        if calls > self.most {
            return Err(Status::resource_exhausted(format!(
                "the server has {} calls in flight, and takes no more at a time",
                self.most
            )));
        }
        Ok(permit)
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn permit_is_free_again_when_its_call_is_over() {
        let calls = CallsInFlight::new(2, CallLog::default(), LargeMessages::new(0));
        let first = calls.acquire().expect("free");
        let _second = calls.acquire().expect("free");
        let refused = calls.acquire().expect_err("both are taken");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop(first);
        calls.acquire().expect("free again");
    }
}
