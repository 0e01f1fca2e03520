//! [`Mark`]: what the journal knows calls by that end.
//!
//! Calls that are kept cannot be taken out of the middle of the journal. So those of a session have a mark, and to forget them
//! is to remember the mark, and to give the next ones another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The mark of the calls that end now: a number that no others have. The lock of the journal orders what is done with it.
#[derive(Debug)]
pub(crate) struct Mark {
    number: AtomicU64,
    /// Whether a call has it.
    is_used: AtomicBool,
}

impl Default for Mark {
    fn default() -> Self {
        Self {
            number: AtomicU64::new(unused()),
            is_used: AtomicBool::new(false),
        }
    }
}

impl Mark {
    /// The number.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// The number, for a call that is kept.
    pub(crate) fn take(&self) -> u64 {
        self.is_used.store(true, Ordering::Relaxed);
        self.number()
    }

    /// Changes it. Returns the number that it was, if a call has that.
    pub(crate) fn renew(&self) -> Option<u64> {
        let is_used = self.is_used.swap(false, Ordering::Relaxed);
        is_used.then(|| self.number.swap(unused(), Ordering::Relaxed))
    }
}

fn unused() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
