//! Text on its way to a slow reader: a bounded queue that a thread of its own empties.
//!
//! Whoever adds text never waits for the reader. Text that finds the queue full is lost, and so is all that comes after
//! it until the thread takes what is waiting. So all that is lost at once is missing in one place, and the thread learns
//! there how many lines it was. The order is kept.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Text is added while less than this waits, in bytes.
const CAPACITY: usize = 1024 * 1024;

/// A buffer that grew beyond this is not kept for later, in bytes.
const MOST_KEPT: usize = 64 * 1024;

/// Text that waits to be written.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// Something waits, and the thread sleeps.
    arrived: Condvar,
    /// All has been written.
    written: Condvar,
}

#[derive(Debug)]
struct Waiting {
    text: Vec<u8>,
    /// The lines that found no room after `text`.
    lost: u64,
    /// The thread is writing what it took, and looks here again before it sleeps.
    is_writing: bool,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                text: Vec::new(),
                lost: 0,
                is_writing: false,
            }),
            arrived: Condvar::new(),
            written: Condvar::new(),
        }
    }

    /// Adds one or more whole lines, or counts them as lost.
    pub(crate) fn add(&self, lines: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lost > 0 || waiting.text.len() >= CAPACITY {
            let count = lines.split(|&byte| byte == b'\n').count() - 1;
            waiting.lost += count.max(1) as u64;
        } else {
            waiting.text.extend_from_slice(lines);
        }
        if !waiting.is_writing {
            self.arrived.notify_one();
        }
    }

    /// Waits for text, puts it into `text` instead of what that held, and returns how many lines were lost after it. What
    /// was taken before counts as written.
    pub(crate) fn take(&self, text: &mut Vec<u8>) -> u64 {
        text.clear();
        text.shrink_to(MOST_KEPT);
        let mut waiting = self.lock();
        waiting.is_writing = false;
        if waiting.is_empty() {
            self.written.notify_all();
        }
        let waited = self.arrived.wait_while(waiting, |waiting| waiting.is_empty());
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.is_writing = true;
        std::mem::swap(&mut waiting.text, text);
        std::mem::take(&mut waiting.lost)
    }

    /// Waits until all has been written, for this time at most.
    pub(crate) fn flush(&self, at_most: Duration) {
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.is_empty();
        drop(self.written.wait_timeout_while(self.lock(), at_most, is_busy));
    }

    /// A panic with the lock held leaves text in the queue, which can be written as well.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.lost == 0
    }
}
