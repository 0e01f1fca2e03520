//! When a call must end, whatever its handler does: at its deadline, with its server or generation, or when who steers it
//! says so.

use std::future::pending;
use std::sync::Arc;
use std::time::Instant;

use tonic::Status;

use super::call_record::CallRecord;
use super::lifecycle::{Lifecycle, Phase};

/// When a call must end, whatever its handler does.
#[derive(Debug, Clone)]
pub(crate) struct Expiry {
    deadline: Option<Instant>,
    lifecycle: Lifecycle,
    /// Where it is said that others have it end, for those who do not look there themselves.
    record: Option<Arc<CallRecord>>,
}

impl Expiry {
    pub(super) fn new(deadline: Option<Instant>, lifecycle: Lifecycle) -> Self {
        Self {
            deadline,
            lifecycle,
            record: None,
        }
    }

    /// Also when others have the call end that is noted there.
    pub(super) fn or_steered(mut self, record: &Arc<CallRecord>) -> Self {
        self.record = Some(Arc::clone(record));
        self
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
        let steered = async {
            match &self.record {
                Some(record) => record.steering.ends().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = deadline => deadline_passed(),
            status = steered => status,
            reason = self.lifecycle.ended() => Status::unavailable(reason),
        }
    }
}

fn deadline_passed() -> Status {
    Status::deadline_exceeded("the deadline has passed")
}
