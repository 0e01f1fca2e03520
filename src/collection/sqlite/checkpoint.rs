//! The thread that writes SQLite's log into the file, beside the one that commits to it.
//!
//! A commit only appends to the log, and waits until that is on the disk. To write the log into the file takes as long as some ten
//! commits. If the thread that commits did it, as SQLite does by itself, everyone who waits for a commit would wait for that, too.
//!
//! The log begins anew with the next transaction after all of it is in the file. While one transaction follows the other, it never
//! is. So if the log is long, the thread that commits writes what is left of it, which is little.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::file::{another, wrong};
use super::trouble::report;
use crate::error::Error;

/// After so many more pages, what is in the log is written into the file.
const EVERY: u32 = 1000;

/// A log of so many pages should begin anew: 12 MiB.
const LONG: u32 = 3000;

/// The log of a file, and the thread that writes it into the file.
#[derive(Debug)]
pub(super) struct Checkpoints {
    log: Arc<Log>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Log {
    state: Mutex<State>,
    /// There is something to write into the file, or something has been.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How many pages the log has, as of the last commit.
    pages: u32,
    /// How many it had when they were last written into the file, as far as nobody read what was older.
    written: u32,
    /// Whether the thread is writing some.
    is_writing: bool,
    is_closed: bool,
}

impl Checkpoints {
    /// Starts the thread, which learns of what `committing` commits to the file.
    pub(super) fn start(path: &Path, committing: &mut Connection) -> Result<Self, Error> {
        let connection = another(path)?;
        let log = Arc::<Log>::default();
        let of_hook = Arc::clone(&log);
        // In the place of the hook by which SQLite writes the log into the file after a commit.
        let hook = move |_: &mut Wal, pages: i32| {
            of_hook.has(pages.unsigned_abs());
            Ok(())
        };
        committing
            .wal_hook(Some(hook))
            .map_err(|error| wrong(path, error))?;
        let (of_thread, path) = (Arc::clone(&log), path.to_owned());
        let thread = thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || of_thread.write_until_closed(&path, &connection))
            .map_err(|error| {
                Error::io(
                    "cannot start the thread that writes the log of collections",
                    error,
                )
            })?;
        Ok(Self {
            log,
            thread: Some(thread),
        })
    }

    /// Writes the log into the file if it is so long that it should begin anew, and nobody is at it.
    pub(super) fn shorten(&self, path: &Path, connection: &Connection) {
        {
            let state = self.log.state();
            if state.pages < LONG || state.is_writing {
                return;
            }
        }
        checkpoint(path, connection);
    }

    /// Does something while the thread writes nothing.
    pub(super) fn paused<T>(&self, work: impl FnOnce() -> T) -> T {
        let state = self.log.state();
        let changed = &self.log.changed;
        let _state = changed.wait_while(state, |state| state.is_writing);
        work()
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.log.state().is_closed = true;
        self.log.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // If it panicked, that is in the log.
            let _ = thread.join();
        }
    }
}

impl Log {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how long it is after a commit.
    fn has(&self, pages: u32) {
        let mut state = self.state();
        if pages < state.pages {
            state.written = 0;
        }
        state.pages = pages;
        if state.is_due() {
            self.changed.notify_all();
        }
    }

    fn write_until_closed(&self, path: &Path, connection: &Connection) {
        loop {
            let waits = |state: &mut State| !state.is_closed && !state.is_due();
            let state = self.changed.wait_while(self.state(), waits);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            if state.is_closed {
                return;
            }
            state.is_writing = true;
            state.written = state.pages;
            drop(state);
            checkpoint(path, connection);
            self.state().is_writing = false;
            self.changed.notify_all();
        }
    }
}

impl State {
    fn is_due(&self) -> bool {
        self.pages < LONG && self.pages - self.written >= EVERY
    }
}

/// Writes into the file what is in the log, as far as nobody reads what is older.
fn checkpoint(path: &Path, connection: &Connection) {
    let pragma = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)");
    if let Err(error) = pragma.and_then(|mut pragma| pragma.query_row([], |_| Ok(()))) {
        report(path, "", "write the log into the file", error);
    }
}
