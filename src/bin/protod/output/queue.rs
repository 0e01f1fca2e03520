//! Text on its way to a slow reader: a bounded queue that a thread of its own empties.
//!
//! Whoever adds text never waits for the reader. Text that finds the queue full is lost, and so is all that comes after
//! it until the thread takes what is waiting. So all that is lost at once is missing in one place, and the thread learns
//! there how many lines it was. The order is kept.
//!
//! A line that comes alone is written at once. Where they come fast, the thread takes many at a time: to wake it for each
//! costs more than the line.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Text is added while less than this waits, in bytes.
const CAPACITY: usize = 1024 * 1024;

/// The thread takes text at most this often, unless there is much of it or the process ends.
const INTERVAL: Duration = Duration::from_millis(20);

/// How much is much, in bytes. A pipe takes as much.
const MUCH: usize = 64 * 1024;

/// A buffer that grew beyond this is not kept for later, in bytes.
const MOST_KEPT: usize = 256 * 1024;

/// Text that waits to be written.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// So much waits as the thread sleeps for, or the process ends.
    arrived: Condvar,
    /// All has been written.
    written: Condvar,
}

#[derive(Debug)]
struct Waiting {
    text: Vec<u8>,
    /// The lines that found no room after `text`.
    lost: u64,
    /// The lines that have ever found no room.
    ever_lost: u64,
    /// How many bytes the thread sleeps for. `usize::MAX` while it does not sleep.
    wakes_at: usize,
    /// Whether somebody waits until all is written.
    is_urgent: bool,
    /// When the thread last took text.
    taken_at: Option<Instant>,
    /// Since when the thread writes what it took, or the rest of it. It looks here again before it sleeps.
    writing_since: Option<Instant>,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                text: Vec::new(),
                lost: 0,
                ever_lost: 0,
                wakes_at: usize::MAX,
                is_urgent: false,
                taken_at: None,
                writing_since: None,
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
            let count = count.max(1) as u64;
            waiting.lost += count;
            waiting.ever_lost += count;
        } else {
            waiting.text.extend_from_slice(lines);
        }
        if waiting.text.len() >= waiting.wakes_at {
            waiting.wakes_at = usize::MAX;
            self.arrived.notify_one();
        }
    }

    /// Waits for text, puts it into `text` instead of what that held, and returns how many lines were lost after it. What
    /// was taken before counts as written.
    pub(crate) fn take(&self, text: &mut Vec<u8>) -> u64 {
        text.clear();
        text.shrink_to(MOST_KEPT);
        let mut waiting = self.lock();
        waiting.writing_since = None;
        if waiting.is_empty() {
            self.written.notify_all();
        }
        waiting.wakes_at = 1;
        let waited = self.arrived.wait_while(waiting, |waiting| waiting.is_empty());
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        let early = waiting.taken_at.map_or(Duration::ZERO, |taken_at| {
            INTERVAL.saturating_sub(taken_at.elapsed())
        });
        if !early.is_zero() {
            waiting.wakes_at = MUCH;
            let is_little = |waiting: &mut Waiting| waiting.text.len() < MUCH && !waiting.is_urgent;
            let waited = self.arrived.wait_timeout_while(waiting, early, is_little);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.wakes_at = usize::MAX;
        let now = Instant::now();
        (waiting.taken_at, waiting.writing_since) = (Some(now), Some(now));
        waiting.is_urgent = false;
        std::mem::swap(&mut waiting.text, text);
        std::mem::take(&mut waiting.lost)
    }

    /// How many lines have ever been lost.
    pub(crate) fn ever_lost(&self) -> u64 {
        self.lock().ever_lost
    }

    /// A part of what the thread took has been written.
    pub(crate) fn progressed(&self) {
        self.lock().writing_since = Some(Instant::now());
    }

    /// Waits until all has been written, for this time at most. A reader who has read nothing for so long is not waited for.
    pub(crate) fn flush(&self, at_most: Duration) {
        let mut waiting = self.lock();
        waiting.is_urgent = true;
        self.arrived.notify_one();
        let stuck = waiting
            .writing_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        let is_busy = |waiting: &mut Waiting| waiting.writing_since.is_some() || !waiting.is_empty();
        drop(
            self.written
                .wait_timeout_while(waiting, at_most.saturating_sub(stuck), is_busy),
        );
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
