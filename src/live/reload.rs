//! Reloads a server when its files change, or when it is asked to.
//!
//! Everything is loaded and checked first, off the serving threads, and then swapped in at once. When anything is
//! wrong the server goes on as it is, and the health of [`RELOAD`] is NOT_SERVING until a load succeeds. Reloads
//! are one at a time; what changes during one causes one more.

use std::fmt;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::diff::Change;
use super::loader::{Loaded, Loader};
use super::watch::Watcher;
use crate::server::{Server, ServingStatus};
use crate::{Error, Problem};

/// The name that health knows reloads by.
pub const RELOAD: &str = "protod.reload";

/// How many changes the log of one reload lists: a line put into a rules file renames all rules below it that have
/// no name but their line.
const MOST_CHANGES: usize = 30;

/// What a successful reload did.
#[derive(Debug)]
pub struct Reloaded {
    /// What is different now.
    pub changes: Vec<Change>,
    /// Whether protos were compiled, rather than known to be unchanged.
    pub compiled: bool,
    /// How long it took, from the look at the files to the swap.
    pub took: Duration,
}

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

/// Reloads a [`Server`] for as long as it [runs](Reloader::run).
#[derive(Debug)]
#[must_use = "nothing is reloaded until it runs"]
pub struct Reloader {
    trigger: ReloadTrigger,
    watch: bool,
    worker: Worker,
}

impl Reloader {
    /// Reloads `server`, which was built from what `loader` loaded last.
    pub fn new(server: Server, mut loader: Loader) -> Self {
        server.health().add(RELOAD);
        loader.serves();
        Self {
            trigger: ReloadTrigger::default(),
            watch: true,
            worker: Worker {
                server,
                loader,
                watcher: None,
                report: Box::new(|outcome| log_reload(&outcome)),
            },
        }
    }

    /// Whether files are watched; if not, it reloads only when asked to. Default: they are.
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// What is done with the outcome of each reload. Default: [`log_reload`].
    pub fn report(mut self, report: impl Fn(Result<Reloaded, Error>) + Send + 'static) -> Self {
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
        if watch {
            match Watcher::new() {
                Ok(watcher) => worker.watcher = Some(watcher),
                Err(error) => {
                    tracing::error!(cause = ?error, "reloads are made only when asked for: {error}");
                }
            }
        }
        let mut reason = None;
        loop {
            let reloaded = tokio::task::spawn_blocking(move || {
                worker.reload(reason);
                worker
            });
            match reloaded.await {
                Ok(back) => worker = back,
                // The runtime is going, or the report panicked.
                Err(error) => return tracing::debug!("no more reloads: {error}"),
            }
            reason = tokio::select! {
                () = trigger.asked() => Some(Reason::Asked),
                () = changed(worker.watcher.as_ref()) => Some(Reason::Changed),
            };
        }
    }
}

/// Logs the outcome of a reload: each change, or each problem with its place.
pub fn log_reload(outcome: &Result<Reloaded, Error>) {
    match outcome {
        Ok(Reloaded {
            changes,
            compiled,
            took,
        }) => {
            for change in changes.iter().take(MOST_CHANGES) {
                if change.is_incompatible() {
                    tracing::warn!("{change}");
                } else {
                    tracing::info!("{change}");
                }
            }
            if changes.len() > MOST_CHANGES {
                tracing::info!("and {} more changes", changes.len() - MOST_CHANGES);
            }
            let protos = if *compiled { "compiled" } else { "unchanged" };
            tracing::info!(
                "reloaded in {took:.1?}: protos {protos}, {} changes",
                changes.len()
            );
        }
        Err(error) => {
            for problem in error.problems() {
                tracing::error!("{}", problem.located());
            }
            if error.problems().is_empty() {
                tracing::error!("{error}");
            }
            tracing::error!("not reloaded: what was served goes on");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Asked,
    /// Something in a watched folder did, perhaps nothing of ours.
    Changed,
}

/// All that a reload needs, so that it can go to a thread that may block, and come back.
struct Worker {
    server: Server,
    loader: Loader,
    watcher: Option<Watcher>,
    report: Box<dyn Fn(Result<Reloaded, Error>) + Send>,
}

impl Worker {
    /// Reloads if there is a reason to, and watches what the load depends on.
    fn reload(&mut self, reason: Option<Reason>) {
        match reason {
            Some(Reason::Asked) => self.publish(|loader| Some(loader.load())),
            Some(Reason::Changed) => self.publish(Loader::load_if_changed),
            None => {}
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.cover(self.loader.survey().folders());
        }
    }

    fn publish(&mut self, load: impl FnOnce(&mut Loader) -> Option<Result<Loaded, Error>>) {
        let began = Instant::now();
        let Some(loaded) = caught(|| load(&mut self.loader)) else {
            return;
        };
        let outcome = loaded.and_then(|loaded| {
            self.server.reload(loaded.schema, loaded.handlers)?;
            let took = began.elapsed();
            Ok(Reloaded {
                changes: self.loader.serves(),
                compiled: loaded.compiled,
                took,
            })
        });
        let status = match outcome {
            Ok(_) => ServingStatus::Serving,
            Err(_) => ServingStatus::NotServing,
        };
        self.server.health().set(RELOAD, status);
        (self.report)(outcome);
    }
}

/// Waits for a change; for ever where nothing is watched.
pub(super) async fn changed(watcher: Option<&Watcher>) {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => pending().await,
    }
}

/// What nobody has foreseen in a proto must not end the reloads of a server that runs unattended.
fn caught<T>(load: impl FnOnce() -> Option<Result<T, Error>>) -> Option<Result<T, Error>> {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
        let problem = Problem::new("the load panicked; this is a bug in protod");
        Some(Err(Error::schema(vec![problem])))
    })
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("loader", &self.loader)
            .field("watcher", &self.watcher)
            .finish_non_exhaustive()
    }
}
