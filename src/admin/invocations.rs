//! [`Invocations`]: the calls of `Invoke` that take more requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::schema::Method;

/// How many requests of a call wait until the call takes them. Who sends the next one waits, too.
const WAITING: usize = 8;

/// The calls that take more requests, by the number of their `Invoke`.
#[derive(Debug, Default)]
pub(super) struct Invocations(Mutex<HashMap<u64, Taking>>);

/// A call that takes more requests.
#[derive(Debug, Clone)]
pub(super) struct Taking {
    pub(super) method: Arc<Method>,
    /// When all of them are dropped, the client has half-closed.
    pub(super) requests: mpsc::Sender<Bytes>,
}

/// Ends it that a call takes requests, when it is dropped.
#[derive(Debug)]
pub(super) struct Begun<'i>(&'i Invocations, u64);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.half_close(self.1);
    }
}

impl Invocations {
    /// From now on a call takes more requests, which come out of the receiver.
    pub(super) fn begin(&self, invocation: u64, method: &Arc<Method>) -> (mpsc::Receiver<Bytes>, Begun<'_>) {
        let (requests, more) = mpsc::channel(WAITING);
        let method = Arc::clone(method);
        self.lock().insert(invocation, Taking { method, requests });
        (more, Begun(self, invocation))
    }

    /// `None` if there is no such call, or it takes no more requests.
    pub(super) fn get(&self, invocation: u64) -> Option<Taking> {
        self.lock().get(&invocation).cloned()
    }

    /// The call takes no more requests.
    pub(super) fn half_close(&self, invocation: u64) {
        self.lock().remove(&invocation);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Taking>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
