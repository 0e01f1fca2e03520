//! How many calls are in flight, and that there are not too many.

use std::sync::Arc;

use tonic::Status;

use crate::handler::CallPlace;

/// The calls that a server takes at a time.
///
/// Each call holds a clone of one pointer, whose count is the number of calls: what a call costs here is what a
/// clone does.
#[derive(Debug)]
pub(super) struct CallsInFlight {
    places: CallPlace,
    most: usize,
}

impl CallsInFlight {
    pub(super) fn new(most: usize) -> Self {
        Self {
            places: Arc::new(()),
            most,
        }
    }

    /// A place for one more call, until it is dropped.
    ///
    /// None is left: `RESOURCE_EXHAUSTED`, as grpc-python's `maximum_concurrent_rpcs` and tonic's `load_shed` have it.
    /// `UNAVAILABLE` would ask clients to try again at once, which is what a full server needs least.
    pub(super) fn take_place(&self) -> Result<CallPlace, Status> {
        let place = Arc::clone(&self.places);
        // Taken before it is counted, so that calls that come together cannot all see the last place free.
        let calls = Arc::strong_count(&self.places) - 1;
        if calls > self.most {
            return Err(Status::resource_exhausted(format!(
                "the server has {} calls in flight, and takes no more at a time",
                self.most
            )));
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn place_is_free_again_when_its_call_is_over() {
        let calls = CallsInFlight::new(2);
        let first = calls.take_place().expect("free");
        let _second = calls.take_place().expect("free");
        let refused = calls.take_place().expect_err("both are taken");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop(first);
        calls.take_place().expect("free again");
    }
}
