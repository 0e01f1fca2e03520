//! How a server is reloaded.
//!
//! Everything is loaded and checked first, on a thread that serves nothing, and then swapped in at once. If anything is
//! wrong, the server goes on as it is, and the health service [`RELOAD`] reports NOT_SERVING until a load
//! succeeds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::loader::{Attempt, LoadedProject, Loader};
use super::outcome::ReloadOutcome;
use super::reloader::{Reason, Reloaded, Reloader, WatchedFiles};
use super::snapshot::Snapshot;
use super::status::{RELOAD, ReloadStatus};
use super::summary::{ReloadSummary, log_reload};
use super::watcher::FolderWatcher;
use crate::error::{Error, Problem};
use crate::schema::RememberedSource;
use crate::server::{Refreshed, Server};

impl Reloader {
    /// Reloads `server`, which was built from what `loader` loaded last.
    pub fn new(server: Server, mut loader: Loader) -> Self {
        let status = ReloadStatus::new(server.health());
        loader.mark_served();
        Self::of(ServerFiles { server, loader }, Some(status), log_reload)
    }

    /// How long after an answer the [sources](crate::schema::SchemaSource) of the schema are asked again. If one answers
    /// something else than before, the server is reloaded. Default: `None`, they are asked only when a reload is requested.
    ///
    /// While one of them does not answer, the server goes on as it is, and the health service [`RELOAD`] reports
    /// NOT_SERVING. The failure is reported once, and again when it changes.
    pub fn refresh(self, interval: impl Into<Option<Duration>>) -> Self {
        self.refreshed_every(interval.into())
    }
}

/// The protos and rules of a server.
#[derive(Debug)]
struct ServerFiles {
    server: Server,
    loader: Loader,
}

impl WatchedFiles<ReloadSummary> for ServerFiles {
    fn reloads(&self) -> &'static str {
        "reloads"
    }

    fn reload(&mut self, reason: Reason, watcher: Option<&FolderWatcher>) -> Reloaded<ReloadSummary> {
        match reason {
            // What changed since the load counts as a change as soon as its folder is watched.
            Reason::Started => return Reloaded::Nothing,
            Reason::Requested if watcher.is_none() => {
                return self.publish(|loader| Attempt::Loaded(Box::new(loader.load())));
            }
            Reason::Requested => self.loader.demand(),
            Reason::Changed | Reason::Touched => {}
        }
        let thorough = reason != Reason::Touched;
        self.publish(|loader| loader.load_if_changed(watcher, thorough))
    }

    fn sources(&self) -> Vec<RememberedSource> {
        self.loader.sources().to_vec()
    }

    fn note_other_answer(&mut self) {
        self.loader.expect_other_schema();
    }

    fn checks(&self) -> Option<mpsc::Receiver<Refreshed>> {
        Some(self.server.health().refreshed(RELOAD))
    }

    fn told(&self, outcome: &ReloadSummary) -> ReloadOutcome {
        ReloadOutcome::of_changes(outcome.changes.iter(), outcome.took)
    }

    fn snapshot(&self) -> &Snapshot {
        self.loader.snapshot()
    }
}

impl ServerFiles {
    /// Serves what `load` returns, if it returns anything.
    fn publish(&mut self, load: impl FnOnce(&mut Loader) -> Attempt) -> Reloaded<ReloadSummary> {
        let began = Instant::now();
        let loaded = match catch_panic(|| load(&mut self.loader)) {
            Attempt::Unchanged => return Reloaded::Nothing,
            Attempt::Unsettled => return Reloaded::Unsettled,
            Attempt::Loaded(loaded) => *loaded,
        };
        Reloaded::Done(loaded.and_then(|loaded| self.swap(loaded, began)))
    }

    fn swap(&mut self, loaded: LoadedProject, began: Instant) -> Result<ReloadSummary, Error> {
        self.server.reload(loaded.schema, loaded.handlers)?;
        loaded.rules.forget_other_counters();
        let took = began.elapsed();
        Ok(ReloadSummary {
            changes: self.loader.mark_served(),
            compiled: loaded.compiled,
            warnings: loaded.rules.shared_warnings(),
            took,
        })
    }
}

/// Turns a panic into an error: a server that runs unattended must go on with its reloads.
fn catch_panic(load: impl FnOnce() -> Attempt) -> Attempt {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
        let problem = Problem::new("the load panicked; this is a bug in protod");
        Attempt::Loaded(Box::new(Err(Error::schema(vec![problem]))))
    })
}
