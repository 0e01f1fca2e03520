//! The store of variables, and who has to wait for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::cel::{Store, StoreRoom};

/// The store, and the slow evaluations that use it. Who waits for one of them does so in a lane: a thread that waits serves
/// nobody.
#[derive(Debug)]
pub(super) struct SharedStore {
    /// What the variables may take, together with those of sessions.
    pub(super) room: Arc<StoreRoom>,
    variables: RwLock<Store>,
    /// How many slow evaluations may hold it, to read or to write.
    slow: AtomicUsize,
    /// How many of them write, or wait to write, for which all who read have to wait.
    slow_writers: AtomicUsize,
}

impl Default for SharedStore {
    fn default() -> Self {
        Self::within(&Arc::default())
    }
}

impl SharedStore {
    pub(super) fn within(room: &Arc<StoreRoom>) -> Self {
        Self {
            room: Arc::clone(room),
            variables: RwLock::new(Store::within(room)),
            slow: AtomicUsize::new(0),
            slow_writers: AtomicUsize::new(0),
        }
    }

    /// The variables, for reading.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.variables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables, for writing.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Store> {
        self.variables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a slow evaluation may hold the store, until what this returns is dropped.
    pub(super) fn slow(&self) -> Counted<'_> {
        Counted::one_of(&self.slow)
    }

    /// Says that a slow evaluation writes to the store, until what this returns is dropped.
    pub(super) fn slow_writer(&self) -> Counted<'_> {
        Counted::one_of(&self.slow_writers)
    }

    /// Whether who reads the store now may have to wait for long.
    pub(super) fn readers_wait(&self) -> bool {
        self.slow_writers.load(Ordering::Relaxed) > 0
    }

    /// Whether who writes to the store now may have to wait for long.
    pub(super) fn writers_wait(&self) -> bool {
        self.slow.load(Ordering::Relaxed) > 0 || self.readers_wait()
    }
}

/// One that is counted while this lives.
#[derive(Debug)]
pub(in crate::rules::run) struct Counted<'s>(&'s AtomicUsize);

impl<'s> Counted<'s> {
    fn one_of(count: &'s AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
