//! What a reload of a server is.
//!
//! Everything is loaded and checked first, off the serving threads, and then swapped in at once. When anything is
//! wrong the server goes on as it is, and the health of [`RELOAD`] is NOT_SERVING until a load succeeds.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::diff::Change;
use super::loader::{Loaded, Loader};
use super::reloader::{Reason, Reload, Reloader};
use crate::server::{Server, ServingStatus};
use crate::{Error, Problem};

/// The name that health knows reloads by.
pub const RELOAD: &str = "protod.reload";

/// How many changes the log of one reload lists: a checkout may change hundreds of files.
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

impl Reloader {
    /// Reloads `server`, which was built from what `loader` loaded last.
    pub fn new(server: Server, mut loader: Loader) -> Self {
        server.health().add(RELOAD);
        loader.serves();
        Self::of(ServerFiles { server, loader }, log_reload)
    }
}

/// Logs the outcome of a reload: each change, or each problem with its place.
pub fn log_reload(outcome: &Result<Reloaded, Error>) {
    match outcome {
        Ok(Reloaded { changes, took, .. }) => {
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
            match changes.len() {
                0 => tracing::info!("reloaded in {took:.1?}: nothing changed"),
                1 => tracing::info!("reloaded in {took:.1?}: 1 change"),
                several => tracing::info!("reloaded in {took:.1?}: {several} changes"),
            }
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

/// The protos and rules of a server.
#[derive(Debug)]
struct ServerFiles {
    server: Server,
    loader: Loader,
}

impl Reload<Reloaded> for ServerFiles {
    fn reloads(&self) -> &'static str {
        "reloads"
    }

    fn reload(&mut self, reason: Reason) -> Option<Result<Reloaded, Error>> {
        match reason {
            // What changed since the load counts as a change as soon as its folder is watched.
            Reason::Begun => None,
            Reason::Asked => self.publish(|loader| Some(loader.load())),
            Reason::Changed => self.publish(Loader::load_if_changed),
        }
    }

    fn folders(&self) -> &BTreeSet<PathBuf> {
        self.loader.survey().folders()
    }
}

impl ServerFiles {
    /// Serves what is loaded, if anything is.
    fn publish(
        &mut self,
        load: impl FnOnce(&mut Loader) -> Option<Result<Loaded, Error>>,
    ) -> Option<Result<Reloaded, Error>> {
        let began = Instant::now();
        let loaded = caught(|| load(&mut self.loader))?;
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
        Some(outcome)
    }
}

/// What nobody has foreseen in a proto must not end the reloads of a server that runs unattended.
fn caught<T>(load: impl FnOnce() -> Option<Result<T, Error>>) -> Option<Result<T, Error>> {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_| {
        let problem = Problem::new("the load panicked; this is a bug in protod");
        Some(Err(Error::schema(vec![problem])))
    })
}
