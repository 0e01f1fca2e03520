//! What a successful reload of a server did, and how reloads are logged.
//!
//! The log has one line for each change, as a warning if it breaks old clients, and one line for the whole reload.

use std::sync::Arc;
use std::time::Duration;

use super::diff::Change;
use crate::error::{Error, Problem};

/// How many changes the log of one reload lists: a checkout may change hundreds of files.
const MAX_LOGGED_CHANGES: usize = 30;

/// How many problems it lists: what is put at run time may have any number.
const MAX_LOGGED_PROBLEMS: usize = 100;

/// What a successful reload of a server did: what [`Reloader::report`](super::Reloader::report) gives.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReloadSummary {
    /// What is different now.
    pub changes: Vec<Change>,
    /// Whether protos were compiled; `false` if they were known to be unchanged.
    pub compiled: bool,
    /// What is hardly meant in the rules; see [`Rules::warnings`](crate::Rules::warnings).
    pub warnings: Arc<[Problem]>,
    /// How long it took, from reading the files to the swap.
    pub took: Duration,
}

/// Logs the outcome of a reload, unless [`Reloader::report`](super::Reloader::report) is given something else: each change, or each problem with its place.
pub fn log_reload(outcome: &Result<ReloadSummary, Error>) {
    match outcome {
        Ok(ReloadSummary {
            changes,
            took,
            warnings,
            ..
        }) => {
            for warning in warnings.iter().take(MAX_LOGGED_CHANGES) {
                tracing::warn!(hint = warning.hint().map(display), "{}", warning.located());
            }
            for change in changes.iter().take(MAX_LOGGED_CHANGES) {
                if change.is_incompatible() {
                    tracing::warn!("{change}");
                } else {
                    tracing::info!("{change}");
                }
            }
            if changes.len() > MAX_LOGGED_CHANGES {
                tracing::info!("and {} more changes", changes.len() - MAX_LOGGED_CHANGES);
            }
            match changes.len() {
                0 => tracing::info!("reloaded in {took:.1?}: nothing changed"),
                1 => tracing::info!("reloaded in {took:.1?}: 1 change"),
                several => tracing::info!("reloaded in {took:.1?}: {several} changes"),
            }
        }
        Err(error) => {
            for problem in error.problems().iter().take(MAX_LOGGED_PROBLEMS) {
                tracing::error!(hint = problem.hint().map(display), "{}", problem.located());
            }
            let more = error.problems().len().saturating_sub(MAX_LOGGED_PROBLEMS);
            if more > 0 {
                tracing::error!("and {more} more problems");
            }
            if error.problems().is_empty() {
                tracing::error!("{error}");
            }
            tracing::error!("not reloaded: the server goes on with what it has");
        }
    }
}
