//! How a group of writes ended, for those who wait for it.

use std::sync::{Condvar, Mutex, PoisonError};

use tokio::sync::Notify;

use super::fault::FaultKind;

/// How a group of writes ended.
#[derive(Debug, Default)]
pub(super) struct End {
    outcome: Mutex<Option<Result<(), FaultKind>>>,
    /// For threads that wait.
    ended: Condvar,
    /// For calls that wait.
    notify: Notify,
}

impl End {
    pub(super) fn outcome(&self) -> Option<Result<(), FaultKind>> {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in a call.
    pub(super) async fn reached(&self) -> Result<(), FaultKind> {
        loop {
            let ended = self.notify.notified();
            if let Some(outcome) = self.outcome() {
                return outcome;
            }
            ended.await;
        }
    }

    /// Waits in a thread.
    pub(super) fn wait(&self) {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.ended.wait_while(outcome, |outcome| outcome.is_none()));
    }

    pub(super) fn set(&self, outcome: Result<(), FaultKind>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.ended.notify_all();
        self.notify.notify_waiters();
    }
}
