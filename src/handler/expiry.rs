//! When a call must end, whatever its handler does: at its deadline, or with its server or generation.

use std::future::pending;
use std::time::Instant;

use tonic::{Code, Status};

use super::lifecycle::Lifecycle;

/// When a call must end, whatever its handler does.
#[derive(Debug, Clone)]
pub(crate) struct Expiry {
    deadline: Option<Instant>,
    lifecycle: Lifecycle,
}

impl Expiry {
    pub(super) fn new(deadline: Option<Instant>, lifecycle: Lifecycle) -> Self {
        Self { deadline, lifecycle }
    }

    /// Waits until the call must end, and returns the status that it ends with.
    pub(crate) async fn reached(self) -> Status {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = deadline => Status::new(Code::DeadlineExceeded, "the deadline has passed"),
            reason = self.lifecycle.ended() => Status::unavailable(reason),
        }
    }
}
