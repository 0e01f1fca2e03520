//! When a reload is made, whatever it is that is reloaded.
//!
//! One is made when a watched file changes, and when it is asked for. Reloads are one at a time, on a thread that may
//! block; what changes during one causes one more.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, pending};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use super::reload::Reloaded;
use super::watch::Watcher;
use crate::Error;

/// Asks for a reload. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ReloadTrigger {
    asked: Arc<Notify>,
}

impl ReloadTrigger {
    /// Asks for a reload, whether any file has changed or not, and does not wait for it.
    pub fn reload(&self) {
        // Asked for during a reload, it is remembered.
        self.asked.notify_one();
    }

    /// Waits until a reload is asked for.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Asks for a reload at every SIGHUP, for as long as what this gives is polled.
    ///
    /// From the call on SIGHUP no longer ends the process. Panics outside a tokio runtime.
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

/// Reloads a [`Server`](crate::Server), or its [`Tls`](crate::server::Tls), for as long as it [runs](Reloader::run).
///
/// `Outcome` is what a reload that succeeds has to tell.
#[derive(Debug)]
#[must_use = "nothing is reloaded until it runs"]
pub struct Reloader<Outcome = Reloaded> {
    trigger: ReloadTrigger,
    watch: bool,
    worker: Worker<Outcome>,
}

impl<Outcome: 'static> Reloader<Outcome> {
    /// Makes the reloads of `files`, and logs their outcomes by `log`.
    pub(super) fn of(files: impl Reload<Outcome> + 'static, log: fn(&Result<Outcome, Error>)) -> Self {
        Self {
            trigger: ReloadTrigger::default(),
            watch: true,
            worker: Worker {
                files: Box::new(files),
                watcher: None,
                report: Box::new(move |outcome| log(&outcome)),
            },
        }
    }

    /// Whether files are watched; if not, it reloads only when asked to. Default: they are.
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// What is done with the outcome of each reload. Default: it is logged, by [`log_reload`](super::log_reload) or
    /// [`log_tls_reload`](super::log_tls_reload).
    pub fn report(mut self, report: impl Fn(Result<Outcome, Error>) + Send + 'static) -> Self {
        self.worker.report = Box::new(report);
        self
    }

    /// What asks for a reload: at a signal, by an administrator.
    pub fn trigger(&self) -> ReloadTrigger {
        self.trigger.clone()
    }

    /// Reloads whenever there is a reason to, for as long as it is polled and the runtime lives.
    pub async fn run(self) {
        let Self {
            trigger,
            watch,
            mut worker,
        } = self;
        let reloads = worker.files.reloads();
        if watch {
            match Watcher::new() {
                Ok(watcher) => worker.watcher = Some(watcher),
                Err(error) => {
                    tracing::error!(cause = ?error, "{reloads} are made only when asked for: {error}");
                }
            }
        }
        let mut reason = Reason::Begun;
        loop {
            let reloaded = tokio::task::spawn_blocking(move || {
                worker.reload(reason);
                worker
            });
            match reloaded.await {
                Ok(back) => worker = back,
                // The runtime is going, or the report panicked.
                Err(error) => return tracing::debug!("no more {reloads}: {error}"),
            }
            reason = tokio::select! {
                () = trigger.asked() => Reason::Asked,
                () = changed(worker.watcher.as_ref()) => Reason::Changed,
            };
        }
    }
}

/// Files that can be loaded anew.
pub(super) trait Reload<Outcome>: fmt::Debug + Send {
    /// What the log calls its reloads.
    fn reloads(&self) -> &'static str;

    /// Loads the files anew if the reason is one; the outcome if anybody need hear of it. May block.
    fn reload(&mut self, reason: Reason) -> Option<Result<Outcome, Error>>;

    /// The folders to watch, as the last reload left them.
    fn folders(&self) -> &BTreeSet<PathBuf>;
}

/// Why files are to be loaded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// They come to be watched, and may have changed since they were loaded.
    Begun,
    /// Whether they have changed or not.
    Asked,
    /// Something in a watched folder did, perhaps nothing of ours.
    Changed,
}

/// All that a reload needs, so that it can go to a thread that may block, and come back.
struct Worker<Outcome> {
    files: Box<dyn Reload<Outcome>>,
    watcher: Option<Watcher>,
    report: Box<dyn Fn(Result<Outcome, Error>) + Send>,
}

impl<Outcome> Worker<Outcome> {
    /// Reloads if there is a reason to, and watches what the load depends on.
    fn reload(&mut self, reason: Reason) {
        if reason == Reason::Begun && self.watcher.is_none() {
            return;
        }
        if let Some(outcome) = self.files.reload(reason) {
            (self.report)(outcome);
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.cover(self.files.folders());
        }
    }
}

/// Waits for a change; for ever where nothing is watched.
async fn changed(watcher: Option<&Watcher>) {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => pending().await,
    }
}

impl<Outcome> fmt::Debug for Worker<Outcome> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("files", &self.files)
            .field("watcher", &self.watcher)
            .finish_non_exhaustive()
    }
}
