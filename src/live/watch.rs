//! Tells when something changed in a set of folders.
//!
//! Folders are watched rather than files, so that an editor's write by rename, a checkout and a swapped symbolic
//! link are all seen. What is heard is only that something happened; a [`Survey`](super::survey::Survey) tells what,
//! so an event too many costs a look, and none is relied upon for what it says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::Error;

/// Events are gathered until none has come for this long,
const QUIET: Duration = Duration::from_millis(20);
/// and no longer than this.
const PATIENCE: Duration = Duration::from_millis(200);

/// Watches folders, not what is below them.
#[derive(Debug)]
pub(super) struct Watcher {
    notify: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    heard: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    something: Notify,
    /// Paths that may be something else than they were when they came to be watched.
    replaced: Mutex<BTreeSet<PathBuf>>,
}

impl Watcher {
    /// Watches nothing yet.
    pub(super) fn new() -> Result<Self, Error> {
        let heard = Arc::new(Heard::default());
        let hears = Arc::clone(&heard);
        let notify = notify::recommended_watcher(move |event| hears.event(event))
            .map_err(|error| Error::io("files cannot be watched", into_io(error)))?;
        Ok(Self {
            notify,
            watched: BTreeSet::new(),
            heard,
        })
    }

    /// Watches those folders and no others. Whether one came to be watched: what happened there before is not told.
    pub(super) fn cover(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        let replaced = std::mem::take(&mut *self.heard.lock_replaced());
        let stale = self.watched.iter().filter(|folder| {
            !folders.contains(*folder) || folder.ancestors().any(|path| replaced.contains(path))
        });
        let stale: Vec<PathBuf> = stale.cloned().collect();
        for folder in stale {
            // A folder that is gone took its watch along.
            let _ = self.notify.unwatch(&folder);
            self.watched.remove(&folder);
        }
        let mut more = false;
        for folder in folders {
            if !self.watched.contains(folder) && self.watch(folder) {
                self.watched.insert(folder.clone());
                more = true;
            }
        }
        more
    }

    fn watch(&mut self, folder: &Path) -> bool {
        match self.notify.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => true,
            Err(error) => {
                // One that has gone again is missed by a look, not by a watch.
                if folder.exists() {
                    tracing::warn!(folder = %folder.display(), "changes here will not be seen: {error}");
                }
                false
            }
        }
    }

    /// Waits until something happened and the moment is quiet again.
    pub(super) async fn changed(&self) {
        let something = &self.heard.something;
        something.notified().await;
        let patience = Instant::now() + PATIENCE;
        loop {
            let quiet = Instant::now() + QUIET;
            if timeout_at(quiet.min(patience), something.notified())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

impl Heard {
    fn event(&self, event: notify::Result<Event>) {
        match event {
            // Our own reads.
            Ok(Event {
                kind: EventKind::Access(kind),
                ..
            }) if kind != AccessKind::Close(AccessMode::Write) => return,
            Ok(event) => {
                let replaces = matches!(
                    event.kind,
                    EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
                );
                if replaces {
                    self.lock_replaced().extend(event.paths);
                }
            }
            Err(error) => tracing::warn!("a change may have been missed: {error}"),
        }
        // Keeps one permit if nobody waits now.
        self.something.notify_one();
    }

    fn lock_replaced(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn into_io(error: notify::Error) -> std::io::Error {
    match error.kind {
        notify::ErrorKind::Io(error) => error,
        _ => std::io::Error::other(error),
    }
}
