//! Requests for a reload, by a caller or by SIGHUP.
//!
//! Requests are not counted: several that are made before the next reload cause one. [Edits](super::edit) are made one by one,
//! in their order.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::edit::{Edit, SetAside};
use super::outcome::ReloadOutcome;
use crate::error::Error;

/// Requests reloads of a [`Reloader`](super::Reloader). Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ReloadTrigger {
    shared: Arc<Shared>,
}

/// Who waits for the outcome of a reload.
pub(super) type Waiting = oneshot::Sender<Arc<ReloadOutcome>>;

#[derive(Debug, Default)]
struct Shared {
    requested: Notify,
    waiting: Mutex<Waiters>,
    edited: Notify,
    put: Mutex<PutState>,
    last: Mutex<LastOutcomes>,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

/// How the last reload went.
#[derive(Debug, Default)]
struct LastOutcomes {
    of_any: Option<Arc<ReloadOutcome>>,
    /// Of what was saved: protos that are put and refused are none of it.
    of_saved: Option<Arc<ReloadOutcome>>,
}

/// Who wait for the reload that comes next.
#[derive(Debug, Default)]
struct Waiters {
    /// Whether none comes any more.
    in_vain: bool,
    waiting: Vec<Waiting>,
}

/// What is asked of the rules that are put at run time, and what is told of them.
#[derive(Debug, Default)]
struct PutState {
    edits: VecDeque<Edit>,
    set_aside: Arc<[SetAside]>,
}

/// Lets nobody wait any more when it is dropped, with what makes the reloads.
#[derive(Debug)]
pub(super) struct LastReload(ReloadTrigger);

impl Drop for LastReload {
    fn drop(&mut self) {
        let mut waiters = self.0.waiters();
        waiters.in_vain = true;
        waiters.waiting.clear();
        drop(waiters);
        self.0.take_edits();
    }
}

impl ReloadTrigger {
    /// Requests a reload, whether or not any file has changed. Returns at once.
    ///
    /// A request that is made during a reload causes another one after it.
    pub fn reload(&self) {
        self.shared.requested.notify_one();
    }

    /// Requests a reload, and waits until its files are served or refused. `None` if the
    /// [`Reloader`](super::Reloader) does not run any more.
    pub async fn reload_and_wait(&self) -> Option<Arc<ReloadOutcome>> {
        let (sender, outcome) = oneshot::channel();
        {
            let mut waiters = self.waiters();
            if waiters.in_vain {
                return None;
            }
            waiters.waiting.push(sender);
        }
        self.reload();
        outcome.await.ok()
    }

    /// How the last reload went, whatever its reason; one that failed because of protos that were [put](Self::put_protos), too.
    /// `None` if there was none.
    pub fn last(&self) -> Option<Arc<ReloadOutcome>> {
        self.outcomes().of_any.clone()
    }

    /// How the last reload of what was saved went. `None` if there was none.
    pub(crate) fn last_of_saved(&self) -> Option<Arc<ReloadOutcome>> {
        self.outcomes().of_saved.clone()
    }

    fn outcomes(&self) -> MutexGuard<'_, LastOutcomes> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many reloads have succeeded, whatever their reason.
    pub fn succeeded(&self) -> u64 {
        self.shared.succeeded.load(Ordering::Relaxed)
    }

    /// How many reloads have failed, whatever their reason.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Asks for an edit, unless nobody makes it any more.
    pub(super) fn ask(&self, edit: Edit) {
        // Locked meanwhile: after the last reload no edit waits.
        let waiters = self.waiters();
        if !waiters.in_vain {
            self.put_state().edits.push_back(edit);
            self.shared.edited.notify_one();
        }
    }

    /// Waits until an edit is asked for.
    pub(super) async fn edited(&self) {
        self.shared.edited.notified().await;
    }

    /// The edits that are asked for, in order.
    pub(super) fn take_edits(&self) -> VecDeque<Edit> {
        std::mem::take(&mut self.put_state().edits)
    }

    /// The rules put at run time that do not fit what is served.
    pub(super) fn noted_set_aside(&self) -> Arc<[SetAside]> {
        Arc::clone(&self.put_state().set_aside)
    }

    /// Notes which rules put at run time do not fit what is served.
    pub(super) fn note_set_aside(&self, set_aside: Arc<[SetAside]>) {
        self.put_state().set_aside = set_aside;
    }

    fn put_state(&self) -> MutexGuard<'_, PutState> {
        self.shared.put.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a reload is requested.
    pub(super) async fn requested(&self) {
        self.shared.requested.notified().await;
    }

    /// Those who wait for the reload that comes next.
    pub(super) fn take_waiting(&self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiters().waiting)
    }

    /// What is to be kept by whatever makes the reloads, for as long as it does.
    pub(super) fn until_last_reload(&self) -> LastReload {
        LastReload(self.clone())
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps how a reload went.
    pub(super) fn note(&self, outcome: &Arc<ReloadOutcome>) {
        let counter = if outcome.succeeded() {
            &self.shared.succeeded
        } else {
            &self.shared.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut last = self.outcomes();
        last.of_any = Some(Arc::clone(outcome));
        last.of_saved = Some(Arc::clone(outcome));
    }

    /// Keeps why protos that were to be put are refused: nothing is wrong with what is saved.
    pub(super) fn note_refused(&self, outcome: &Arc<ReloadOutcome>) {
        self.shared.failed.fetch_add(1, Ordering::Relaxed);
        self.outcomes().of_any = Some(Arc::clone(outcome));
    }

    /// Requests a reload at every SIGHUP, for as long as the returned future is polled.
    ///
    /// From the call on, SIGHUP no longer ends the process. Panics outside a tokio runtime.
    #[cfg(unix)]
    pub fn reload_on_hangup(self) -> Result<impl Future<Output = ()> + Send + 'static, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup =
            signal(SignalKind::hangup()).map_err(|error| Error::io("SIGHUP cannot be waited for", error))?;
        Ok(async move {
            while hangup.recv().await.is_some() {
                self.reload();
            }
        })
    }
}
