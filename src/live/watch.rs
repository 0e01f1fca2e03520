//! Tells when something changed in a set of folders.
//!
//! Folders are watched rather than files, so that an editor's write by rename, a checkout and a swapped symbolic
//! link are all seen. What is heard is only that something happened; a [`Survey`](super::survey::Survey) tells what,
//! so an event too many costs a look, and none is relied upon for what it says.
//!
//! A folder is watched by its canonical path. It may be given by other names as well, but the system has one watch
//! for all of them, and to give up one name would end it for the others.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// Canonical paths.
    watched: BTreeSet<PathBuf>,
    heard: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    something: Notify,
    paths: Mutex<HeardPaths>,
}

#[derive(Debug, Default)]
struct HeardPaths {
    /// What may be something else than it was when it came to be watched.
    replaced: BTreeSet<PathBuf>,
    /// Files that somebody writes to and has not closed: one that is saved in place is empty for a moment.
    being_written: BTreeSet<PathBuf>,
}

impl Watcher {
    /// Watches nothing yet.
    pub(super) fn new() -> Result<Self, Error> {
        let heard = Arc::new(Heard::default());
        let listener = Arc::clone(&heard);
        let notify = notify::recommended_watcher(move |event| listener.event(event))
            .map_err(|error| Error::io("files cannot be watched", into_io(error)))?;
        Ok(Self {
            notify,
            watched: BTreeSet::new(),
            heard,
        })
    }

    /// Watches those folders and no others. One that comes to be watched counts as a change: what happened there
    /// before, nobody tells.
    pub(super) fn cover(&mut self, folders: &BTreeSet<PathBuf>) {
        // One that does not exist stays as it is, and cannot be watched. When a symbolic link comes to lead elsewhere,
        // so does the path.
        let canonical = |folder: &PathBuf| fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
        let folders: BTreeSet<PathBuf> = folders.iter().map(canonical).collect();
        let replaced = std::mem::take(&mut self.heard.lock().replaced);
        let stale = self.watched.iter().filter(|folder| {
            !folders.contains(*folder) || folder.ancestors().any(|path| replaced.contains(path))
        });
        let stale: Vec<PathBuf> = stale.cloned().collect();
        for folder in stale {
            // A folder that is gone took its watch along.
            let _ = self.notify.unwatch(&folder);
            self.watched.remove(&folder);
        }
        for folder in folders {
            if self.watched.contains(&folder) {
                continue;
            }
            match self.notify.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => self.heard.something.notify_one(),
                // It has gone again, which the folder that it was in tells.
                Err(_) if !folder.exists() => continue,
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), "changes here will not be seen: {error}");
                }
            }
            self.watched.insert(folder);
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
                .is_ok()
            {
                continue;
            }
            let being_written = &mut self.heard.lock().being_written;
            if being_written.is_empty() || patience <= Instant::now() {
                return being_written.clear();
            }
        }
    }
}

impl Heard {
    fn event(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) => {
                if !self.lock().note(event) {
                    return;
                }
            }
            Err(error) => tracing::warn!("a change may have been missed: {error}"),
        }
        // Keeps one permit if nobody waits now.
        self.something.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, HeardPaths> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeardPaths {
    /// Whether the event can be a change.
    fn note(&mut self, event: Event) -> bool {
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                self.being_written.retain(|path| !event.paths.contains(path));
            }
            // Our own reads.
            EventKind::Access(_) => return false,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                self.being_written.retain(|path| !event.paths.contains(path));
                self.replaced.extend(event.paths);
            }
            // Nobody but inotify tells when a file is closed.
            EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => {
                self.being_written.extend(event.paths);
            }
            _ => {}
        }
        true
    }
}

fn into_io(error: notify::Error) -> std::io::Error {
    match error.kind {
        notify::ErrorKind::Io(error) => error,
        _ => std::io::Error::other(error),
    }
}
