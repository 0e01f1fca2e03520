//! [`ReloadStatus`]: what the health service [`RELOAD`] reports.
//!
//! A server has several kinds of files, each with reloads of its own. The service is SERVING while the last reload of each
//! kind succeeded.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::server::{Health, ServingStatus};

/// The name of the health service that reports whether the last reloads of each [`Reloader`](super::Reloader) succeeded.
///
/// While files are watched, a check of it is answered when everything that was saved before is loaded, or refused: a script
/// that has saved a file waits by one call. A watch of it is sent each change.
pub const RELOAD: &str = "protod.reload";

/// Reports the outcomes of a server's reloads to its health. Clones report together.
#[derive(Debug, Clone)]
pub(super) struct ReloadStatus {
    health: Health,
    /// The kinds whose last reload failed.
    failed: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl ReloadStatus {
    /// The status of a server whose files have been loaded.
    pub(super) fn new(health: &Health) -> Self {
        health.add(RELOAD);
        Self {
            health: health.clone(),
            failed: Arc::default(),
        }
    }

    /// Reports whether a reload of this kind succeeded.
    pub(super) fn set(&self, kind: &'static str, succeeded: bool) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            failed.remove(kind);
        } else {
            failed.insert(kind);
        }
        let status = if failed.is_empty() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.health.set(RELOAD, status);
    }
}
