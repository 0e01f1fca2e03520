//! How much memory collections may take, all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the bytes that are taken of those that there are.
#[derive(Debug)]
pub(in crate::collection) struct Room {
    most: usize,
    taken: AtomicUsize,
}

impl Room {
    pub(in crate::collection) fn of(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: AtomicUsize::new(0),
        })
    }

    /// Takes so many bytes. `false` if there are not so many.
    pub(super) fn take(&self, bytes: usize) -> bool {
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                taken.checked_add(bytes).filter(|sum| *sum <= self.most)
            })
            .is_ok()
    }

    /// Takes so many bytes, also if there are not so many.
    pub(super) fn take_anyway(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether there are so many.
    #[cfg(feature = "nats")]
    pub(super) fn has(&self, bytes: usize) -> bool {
        self.taken.load(Ordering::Relaxed).saturating_add(bytes) <= self.most
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}
