//! [`FolderWatcher`]: waits until something changes in a set of folders.
//!
//! Folders are watched rather than files, so that an editor's write by rename, a checkout and a swapped symbolic link are
//! all seen. An event only means that something happened; a [`Snapshot`](super::snapshot::Snapshot) finds out what. So an
//! event too many costs little. Of the details of events only the paths count, which say where to look first in a tree of
//! thousands of files, and only where inotify gives them: see [`touched`](FolderWatcher::touched).
//!
//! Files that are never loaded, such as the server's own log, are no events: only their names are looked at, in the thread
//! that hears of them.
//!
//! A folder is watched by its canonical path. Several paths may lead to it, but the operating system has one watch for all
//! of them, and removing it for one path would remove it for the others.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::snapshot::{MAX_SETTLING_TIME, QUIET_TIME, is_of_interest};
use crate::error::Error;

/// Watches folders, without the folders below them.
#[derive(Debug)]
pub(super) struct FolderWatcher {
    notify: RecommendedWatcher,
    /// Canonical paths.
    watched: BTreeSet<PathBuf>,
    /// The folders that were last asked for.
    wanted: BTreeSet<PathBuf>,
    /// Whether a folder cannot be watched.
    is_blind: bool,
    events: Arc<Events>,
}

#[derive(Debug, Default)]
struct Events {
    any: Notify,
    paths: Mutex<EventPaths>,
}

#[derive(Debug, Default)]
struct EventPaths {
    /// Paths that may be another file or folder than when they were first watched.
    replaced: BTreeSet<PathBuf>,
    /// Files that are open for writing: a file that is saved in place is empty for a moment.
    being_written: BTreeSet<PathBuf>,
    /// Names of files that are loaded, besides those that are loaded wherever they are.
    names: BTreeSet<OsString>,
    /// Where something has happened since [`FolderWatcher::touched`] was last asked.
    touched: BTreeSet<PathBuf>,
    /// Whether more may have happened.
    and_more: bool,
}

impl FolderWatcher {
    /// A watcher of no folders.
    pub(super) fn new() -> Result<Self, Error> {
        let events = Arc::new(Events::default());
        let listener = Arc::clone(&events);
        let notify = notify::recommended_watcher(move |event| listener.event(event))
            .map_err(|error| Error::io("files cannot be watched", into_io(error)))?;
        Ok(Self {
            notify,
            watched: BTreeSet::new(),
            wanted: BTreeSet::new(),
            is_blind: false,
            events,
        })
    }

    /// Watches these folders and no others. A folder that was not watched before counts as a change, since earlier
    /// changes in it went unnoticed. `names` are those of files to which a change matters, besides the
    /// [loadable](is_loadable) ones. Returns what cannot be watched, and why.
    pub(super) fn watch_only(
        &mut self,
        folders: &BTreeSet<PathBuf>,
        names: &BTreeSet<OsString>,
    ) -> Vec<String> {
        let replaced = {
            let mut paths = self.events.lock();
            paths.names.clone_from(names);
            std::mem::take(&mut paths.replaced)
        };
        if replaced.is_empty() && self.wanted == *folders {
            return Vec::new();
        }
        self.wanted.clone_from(folders);
        // A folder that does not exist keeps its path, and cannot be watched. When a symbolic link is changed, the
        // canonical path changes too.
        let canonical = |folder: &PathBuf| fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
        let folders: BTreeSet<PathBuf> = folders.iter().map(canonical).collect();
        let stale = self.watched.iter().filter(|folder| {
            !folders.contains(*folder) || folder.ancestors().any(|path| replaced.contains(path))
        });
        let stale: Vec<PathBuf> = stale.cloned().collect();
        for folder in stale {
            // A folder that is gone has no watch any more.
            let _ = self.notify.unwatch(&folder);
            self.watched.remove(&folder);
        }
        let mut unseen = Vec::new();
        for folder in folders {
            if self.watched.contains(&folder) {
                continue;
            }
            match self.notify.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.events.lock().and_more = true;
                    self.events.any.notify_one();
                }
                // It has gone again, which causes an event in the folder above.
                Err(_) if !folder.exists() => continue,
                Err(error) => {
                    let folder = folder.display();
                    unseen.push(format!("changes in {folder} will not be seen: {error}"));
                    self.is_blind = true;
                }
            }
            self.watched.insert(folder);
        }
        unseen
    }

    /// Waits until something has happened, and then until things have [settled](Self::settled).
    pub(super) async fn changed(&self) {
        self.events.any.notified().await;
        self.settled().await;
    }

    /// Where something has happened since this was last asked, in folders that are watched. `None` if it may have happened
    /// elsewhere too.
    pub(super) fn touched(&self) -> Option<BTreeSet<PathBuf>> {
        let mut paths = self.events.lock();
        let touched = std::mem::take(&mut paths.touched);
        let and_more = std::mem::take(&mut paths.and_more);
        let is_known = cfg!(target_os = "linux") && !and_more && !self.is_blind;
        is_known.then_some(touched)
    }

    /// Whether a file that is loaded is known to be open for writing.
    pub(super) fn is_written(&self) -> bool {
        !self.events.lock().being_written.is_empty()
    }

    /// Waits until nothing has happened for [`QUIET_TIME`] and no file is open for writing, for [`MAX_SETTLING_TIME`] at
    /// most.
    pub(super) async fn settled(&self) {
        let latest = Instant::now() + MAX_SETTLING_TIME;
        loop {
            let quiet = Instant::now() + QUIET_TIME;
            if timeout_at(quiet.min(latest), self.events.any.notified())
                .await
                .is_ok()
            {
                continue;
            }
            let being_written = &mut self.events.lock().being_written;
            if being_written.is_empty() || latest <= Instant::now() {
                return being_written.clear();
            }
        }
    }
}

impl Events {
    fn event(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) => {
                if !self.lock().note(event) {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!("a change may have been missed: {error}");
                self.lock().and_more = true;
            }
        }
        // The permit is kept if nobody waits now.
        self.any.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, EventPaths> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventPaths {
    /// Notes an event. Returns whether it can be a change.
    fn note(&mut self, event: Event) -> bool {
        let is_own_read = |kind| {
            let is_closed = matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)));
            matches!(kind, EventKind::Access(_)) && !is_closed
        };
        if is_own_read(event.kind) || !self.concerns(&event) {
            return false;
        }
        self.touched.extend(event.paths.iter().cloned());
        self.and_more |= event.paths.is_empty() || event.need_rescan();
        match event.kind {
            EventKind::Access(_) => {
                self.being_written.retain(|path| !event.paths.contains(path));
            }
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                self.being_written.retain(|path| !event.paths.contains(path));
                self.replaced.extend(event.paths);
            }
            // Only inotify reports when a file is closed.
            EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => {
                self.being_written.extend(event.paths);
            }
            _ => {}
        }
        true
    }

    /// Whether an event may concern what is loaded. Only of a file that is made, written or removed is this known not to
    /// be so.
    fn concerns(&self, event: &Event) -> bool {
        let is_named = |path: &PathBuf| is_of_interest(path, &self.names);
        match event.kind {
            // A link may lead to a folder, whatever its name. What is gone again leads nowhere.
            EventKind::Create(CreateKind::File) => {
                event.paths.iter().any(|path| is_named(path) || is_no_file(path))
            }
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Remove(RemoveKind::File)
            | EventKind::Modify(ModifyKind::Data(_)) => event.paths.iter().any(is_named),
            _ => true,
        }
    }
}

/// Whether something other than a file is at the path.
fn is_no_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

fn into_io(error: notify::Error) -> std::io::Error {
    match error.kind {
        notify::ErrorKind::Io(error) => error,
        _ => std::io::Error::other(error),
    }
}
