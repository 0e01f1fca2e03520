//! [`Reloader`]: when files are reloaded, whatever they are for.
//!
//! A reload happens when a watched file changes, and when one is requested. There is one at a time, on a thread that may
//! block; whatever changes during a reload causes one more.

use std::collections::BTreeSet;
use std::fmt;
use std::future::pending;
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::summary::ReloadSummary;
use super::trigger::ReloadTrigger;
use super::watcher::FolderWatcher;
use crate::error::Error;
use crate::server::Refreshed;

/// Reloads a [`Server`](crate::server::Server), or its [`Tls`](crate::transport::Tls), for as long as it
/// [runs](Reloader::run).
///
/// `Outcome` is what a successful reload returns.
#[derive(Debug)]
#[must_use = "nothing is reloaded until it runs"]
pub struct Reloader<Outcome = ReloadSummary> {
    trigger: ReloadTrigger,
    watch: bool,
    worker: Worker<Outcome>,
}

impl<Outcome: 'static> Reloader<Outcome> {
    /// Reloads `files`, and reports outcomes with `log`.
    pub(super) fn of(files: impl WatchedFiles<Outcome> + 'static, log: fn(&Result<Outcome, Error>)) -> Self {
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

    /// Whether files are watched. If not, reloads happen only when requested. Default: `true`.
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// What to do with the outcome of each reload. Default: it is logged, by [`log_reload`](super::log_reload) or
    /// [`log_tls_reload`](super::log_tls_reload).
    pub fn report(mut self, report: impl Fn(Result<Outcome, Error>) + Send + 'static) -> Self {
        self.worker.report = Box::new(report);
        self
    }

    /// A handle that requests reloads, for instance at a signal.
    pub fn trigger(&self) -> ReloadTrigger {
        self.trigger.clone()
    }

    /// Reloads whenever there is a reason to, for as long as this is polled and the runtime lives.
    pub async fn run(self) {
        let Self {
            trigger,
            watch,
            mut worker,
        } = self;
        // Without a watch no client can cause a reload.
        let mut checks = watch.then(|| worker.files.checks()).flatten();
        let mut waiting: Vec<Refreshed> = Vec::new();
        let reloads = worker.files.reloads();
        if watch {
            match FolderWatcher::new() {
                Ok(watcher) => worker.watcher = Some(watcher),
                Err(error) => {
                    tracing::error!(cause = ?error, "{reloads} happen only on request: {error}");
                }
            }
        }
        let mut reason = Reason::Started;
        loop {
            let reloaded = tokio::task::spawn_blocking(move || {
                worker.reload(reason);
                worker
            });
            match reloaded.await {
                Ok(back) => worker = back,
                // The runtime is shutting down, or the report panicked.
                Err(error) => return tracing::debug!("no more {reloads}: {error}"),
            }
            for check in waiting.drain(..) {
                // An error means that its client is gone.
                let _ = check.send(());
            }
            reason = tokio::select! {
                () = trigger.requested() => Reason::Requested,
                () = changed(worker.watcher.as_ref()) => Reason::Changed,
                check = next(&mut checks) => {
                    waiting.push(check);
                    Reason::Changed
                }
            };
            let more = std::iter::from_fn(|| checks.as_mut()?.try_recv().ok());
            waiting.extend(more);
        }
    }
}

/// Files that can be reloaded.
pub(super) trait WatchedFiles<Outcome>: fmt::Debug + Send {
    /// What the log calls their reloads.
    fn reloads(&self) -> &'static str;

    /// Reloads the files if `reason` calls for it. Returns the outcome, unless nobody needs to know it. May block.
    fn reload(&mut self, reason: Reason) -> Option<Result<Outcome, Error>>;

    /// Clients who wait until what was saved before is loaded.
    fn checks(&self) -> Option<mpsc::Receiver<Refreshed>> {
        None
    }

    /// The folders to watch, according to the last reload.
    fn folders(&self) -> &BTreeSet<PathBuf>;
}

/// Why files may have to be reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Watching starts. The files may have changed since they were loaded.
    Started,
    /// A reload was requested, whether or not the files have changed.
    Requested,
    /// Something in a watched folder has changed, though perhaps none of the files.
    Changed,
}

/// Everything that a reload needs. It moves to a thread that may block, and back.
struct Worker<Outcome> {
    files: Box<dyn WatchedFiles<Outcome>>,
    watcher: Option<FolderWatcher>,
    report: Box<dyn Fn(Result<Outcome, Error>) + Send>,
}

impl<Outcome> Worker<Outcome> {
    /// Reloads if there is a reason to, and watches what the load depends on.
    fn reload(&mut self, reason: Reason) {
        if reason == Reason::Started && self.watcher.is_none() {
            return;
        }
        if let Some(outcome) = self.files.reload(reason) {
            (self.report)(outcome);
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.watch_only(self.files.folders());
        }
    }
}

/// Waits for a check; forever if there is none any more.
async fn next(checks: &mut Option<mpsc::Receiver<Refreshed>>) -> Refreshed {
    match checks {
        Some(receiver) => match receiver.recv().await {
            Some(check) => check,
            None => pending().await,
        },
        None => pending().await,
    }
}

/// Waits for a change; forever if nothing is watched.
async fn changed(watcher: Option<&FolderWatcher>) {
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
