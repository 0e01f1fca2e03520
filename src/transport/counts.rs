//! How many connections a server has, and has had.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The connections of a server. Cheap to clone: all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    ended: AtomicU64,
    refused: AtomicU64,
}

/// A connection, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Counted(ConnectionCounts);

impl ConnectionCounts {
    pub(super) fn accept(&self) -> Counted {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    pub(super) fn refuse(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many are open.
    pub(crate) fn open(&self) -> u64 {
        // In this order there are never fewer accepted than ended.
        let ended = self.0.ended.load(Ordering::Acquire);
        self.accepted().saturating_sub(ended)
    }

    /// How many were accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    /// How many were closed at once, because there were as many as there may be.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Release);
    }
}
