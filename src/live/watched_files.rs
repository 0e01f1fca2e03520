//! [`WatchedFiles`]: what a reloader has to do with, whatever the files are for.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::edit::{Edit, PutError, PutProtos, SetAside};
use super::outcome::ReloadOutcome;
use super::snapshot::Snapshot;
use super::watcher::FolderWatcher;
use crate::error::Error;
use crate::schema::RememberedSource;
use crate::server::Refreshed;
use crate::session::Sessions;

/// Files that can be reloaded.
pub(super) trait WatchedFiles<Outcome>: fmt::Debug + Send {
    /// What the log calls their reloads.
    fn reloads(&self) -> &'static str;

    /// Reloads the files if `reason` calls for it. With a watcher, which knows whether a file is open for writing, it may put
    /// that off because files are being written. May block.
    fn reload(&mut self, reason: Reason, watcher: Option<&FolderWatcher>) -> Reloaded<Outcome>;

    /// The sources besides files that the last load depends on.
    fn sources(&self) -> Vec<RememberedSource> {
        Vec::new()
    }

    /// Notes that a source has another answer, for the next reload.
    fn note_other_answer(&mut self) {}

    /// Clients who wait until what was saved before is loaded.
    fn checks(&self) -> Option<mpsc::Receiver<Refreshed>> {
        None
    }

    /// The sessions with whose end something that is put ends.
    fn sessions(&self) -> Option<Sessions> {
        None
    }

    /// Takes away what was put for sessions that have ended.
    fn forget_ended(&mut self) {}

    /// Makes an edit, and answers it. Without an answer, there is nothing to edit.
    fn edit(&mut self, edit: Edit) {
        drop(edit);
    }

    /// Reloads with protos over those of the sources.
    fn put_protos(&mut self, protos: &PutProtos) -> Result<Reloaded<Outcome>, PutError> {
        let _ = protos;
        Err(PutError::NotRunning)
    }

    /// Serves what was prepared by this name; `None` if that is not there.
    fn serve_prepared(&mut self, name: &str) -> Option<Result<Outcome, Error>> {
        let _ = name;
        None
    }

    /// The rules put at run time that do not fit what is served.
    fn set_aside(&self) -> Arc<[SetAside]> {
        Arc::default()
    }

    /// Serves the rules that were kept in a folder, and keeps others there from now on. Returns what is to be told of them.
    fn keep_in(&mut self, folder: &Path) -> Result<Vec<String>, Error> {
        Err(Error::invalid_input(
            format!("{} is no folder for rules", folder.display()),
            "certificates have no rules",
        ))
    }

    /// What is told of a reload that succeeded.
    fn told(&self, outcome: &Outcome) -> ReloadOutcome;

    /// Drops what the last reload has replaced, of which a large schema takes a while.
    fn drop_replaced(&mut self) {}

    /// The files as they were at the last reload.
    fn snapshot(&self) -> &Snapshot;
}

/// What came of a reason to reload.
#[derive(Debug)]
pub(super) enum Reloaded<Outcome> {
    /// There was nothing to do, or nobody needs to know of it.
    Nothing,
    /// The files are being written, and are to be looked at again when they are not.
    Unsettled,
    /// A reload.
    Done(Result<Outcome, Error>),
}

/// Why files may have to be reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Watching starts. The files may have changed since they were loaded.
    Started,
    /// A reload was requested, whether or not the files have changed.
    Requested,
    /// Something may have changed, or the sources besides files have news.
    Changed,
    /// Something has happened in a watched folder, though perhaps to nothing that is loaded, and the watcher knows where.
    Touched,
}
