//! How a server is reloaded.
//!
//! Everything is loaded and checked first, on a thread that serves nothing, and then swapped in at once. If anything is
//! wrong, the server goes on as it is, and the health service [`RELOAD`] reports NOT_SERVING until a load succeeds.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use tokio::sync::mpsc;

use super::loader::{LoadedProject, Loader};
use super::reloader::{Reason, Reloader, WatchedFiles};
use super::summary::{ReloadSummary, log_reload};
use crate::error::{Error, Problem};
use crate::server::{Refreshed, Server, ServingStatus};

/// The name of the health service that reports whether the last reload succeeded.
///
/// While files are watched, a check of it is answered when everything that was saved before is loaded, or refused: a script
/// that has saved a file waits by one call. A watch of it is sent each change.
pub const RELOAD: &str = "protod.reload";

impl Reloader {
    /// Reloads `server`, which was built from what `loader` loaded last.
    pub fn new(server: Server, mut loader: Loader) -> Self {
        server.health().add(RELOAD);
        loader.mark_served();
        Self::of(ServerFiles { server, loader }, log_reload)
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

    fn reload(&mut self, reason: Reason) -> Option<Result<ReloadSummary, Error>> {
        match reason {
            // What changed since the load counts as a change as soon as its folder is watched.
            Reason::Started => None,
            Reason::Requested => self.publish(|loader| Some(loader.load())),
            Reason::Changed => self.publish(Loader::load_if_changed),
        }
    }

    fn checks(&self) -> Option<mpsc::Receiver<Refreshed>> {
        Some(self.server.health().refreshed(RELOAD))
    }

    fn folders(&self) -> &BTreeSet<PathBuf> {
        self.loader.snapshot().folders()
    }
}

impl ServerFiles {
    /// Serves what `load` returns, if it returns anything.
    fn publish(
        &mut self,
        load: impl FnOnce(&mut Loader) -> Option<Result<LoadedProject, Error>>,
    ) -> Option<Result<ReloadSummary, Error>> {
        let began = Instant::now();
        let loaded = catch_panic(|| load(&mut self.loader))?;
        let outcome = loaded.and_then(|loaded| {
            self.server.reload(loaded.schema, loaded.handlers)?;
            loaded.rules.forget_other_counters();
            let took = began.elapsed();
            Ok(ReloadSummary {
                changes: self.loader.mark_served(),
                compiled: loaded.compiled,
                warnings: loaded.rules.warnings().iter().map(Problem::located).collect(),
                took,
            })
        });
        let status = match outcome {
            Ok(_) => ServingStatus::Serving,
            Err(_) => ServingStatus::NotServing,
        };
        self.server.health().set(RELOAD, status);
        Some(outcome)
    }
}

/// Turns a panic into an error: a server that runs unattended must go on with its reloads.
fn catch_panic<T>(load: impl FnOnce() -> Option<Result<T, Error>>) -> Option<Result<T, Error>> {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
        let problem = Problem::new("the load panicked; this is a bug in protod");
        Some(Err(Error::schema(vec![problem])))
    })
}
