//! When a call must end, whatever its handler does: at its deadline, or with its server or generation.

use std::future::pending;
use std::time::Instant;

use tonic::Status;

use super::lifecycle::{Lifecycle, Phase};

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

    /// The status that the call ends with, if it must end by now. `None` also if it is about to end because its generation
    /// was replaced.
    pub(super) fn status(&self) -> Option<Status> {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Some(deadline_passed());
        }
        (self.lifecycle.phase() >= Phase::Ended).then(|| Status::unavailable("the server is stopping"))
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
            () = deadline => deadline_passed(),
            reason = self.lifecycle.ended() => Status::unavailable(reason),
        }
    }
}

fn deadline_passed() -> Status {
    Status::deadline_exceeded("the deadline has passed")
}
