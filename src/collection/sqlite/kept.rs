//! What is known of a collection in the file, for all who read and write it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::table::Table;
use crate::collection::declaration::Retention;

/// A collection in the file.
#[derive(Debug)]
pub(in crate::collection) struct Kept {
    /// Its place among those that are open.
    pub(super) place: usize,
    pub(super) name: Arc<str>,
    /// Whether a stream decides what is forgotten, and which positions there are.
    pub(super) is_copy: bool,
    current: Mutex<Current>,
    /// The next position, of those that are committed.
    next: AtomicU64,
    added: Arc<Notify>,
}

/// What the last declaration says.
#[derive(Debug, Clone)]
pub(super) struct Current {
    pub(super) table: Arc<Table>,
    pub(super) keep: Retention,
    /// Whether all messages fit the type of the table, so that its columns say what the messages do.
    pub(super) is_whole: bool,
}

impl Kept {
    pub(super) fn new(place: usize, name: &Arc<str>, is_copy: bool, current: Current) -> Self {
        Self {
            place,
            name: Arc::clone(name),
            is_copy,
            current: Mutex::new(current),
            next: AtomicU64::new(0),
            added: Arc::default(),
        }
    }

    pub(super) fn current(&self) -> Current {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_current(&self, current: Current) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }

    /// Some messages do not fit the table's type.
    pub(super) fn is_not_whole(&self) {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_whole = false;
    }

    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Says what is committed, and wakes those who wait for it.
    pub(super) fn set_next(&self, next: u64) {
        self.next.store(next, Ordering::Release);
        self.added.notify_waiters();
    }

    /// Whether somebody waits for what comes.
    pub(super) fn is_followed(&self) -> bool {
        // Who waits has one, too.
        Arc::strong_count(&self.added) > 1
    }

    pub(in crate::collection) fn added(&self) -> OwnedNotified {
        Arc::clone(&self.added).notified_owned()
    }
}
