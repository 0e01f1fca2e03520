//! What is kept of a call while it runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::HeaderMap;

use super::entry::{EntryBytes, Facts};
use super::events::{Direction, Events, Headers};
use super::log::Log;
use super::redaction::Redaction;

/// What a call takes in flight, its first buffer included.
const FIXED: usize = 1024;

/// The first buffer of a call has room for the headers and messages of most.
const SMALL: usize = 512;

/// What is kept of a call while it runs: it is written to the journal at its end.
#[derive(Debug)]
pub(crate) struct Recording {
    log: Arc<Log>,
    began: Instant,
    /// When the first message of this turn of the handler came or went, in microseconds; [`UNKNOWN`] if none has, and [`NEW`] before
    /// the first turn.
    at: AtomicU64,
    kept: Mutex<Kept>,
}

const UNKNOWN: u64 = u64::MAX;
const NEW: u64 = UNKNOWN - 1;

#[derive(Debug)]
struct Kept {
    events: Events,
    /// How much room the buffer has of which is known whether it counts.
    capacity: usize,
    /// How many bytes are counted as those of calls in flight.
    counted: usize,
    is_written: bool,
}

impl Recording {
    /// Begins to record a call, with the headers of its request.
    pub(crate) fn new(log: &Arc<Log>, began: Instant, headers: &HeaderMap) -> Self {
        let mut events = Events::default();
        events.bytes.reserve_exact(SMALL);
        if !log.is_crowded() {
            events.request(headers, &log.redaction);
        }
        Self {
            log: Arc::clone(log),
            began,
            at: AtomicU64::new(NEW),
            kept: Mutex::new(Kept {
                events,
                capacity: SMALL,
                counted: 0,
                is_written: false,
            }),
        }
    }

    /// What the journal does not show.
    pub(crate) fn redaction(&self) -> Arc<Redaction> {
        Arc::clone(&self.log.redaction)
    }

    /// The handler runs, until it waits. All messages until then have one time: those that it sends go out together, and to
    /// read the clock costs as much as to keep a small message. The first turn begins with the call.
    #[inline]
    pub(crate) fn turn_begins(&self) {
        let is_first = self.at.load(Ordering::Relaxed) == NEW;
        self.at
            .store(if is_first { 0 } else { UNKNOWN }, Ordering::Relaxed);
    }

    /// The time of a message, in microseconds.
    fn at(&self) -> u64 {
        match self.at.load(Ordering::Relaxed) {
            UNKNOWN | NEW => {
                let at = self.began.elapsed().as_micros() as u64;
                self.at.store(at, Ordering::Relaxed);
                at
            }
            at => at,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps headers of the response, or trailers.
    pub(crate) fn headers(&self, which: Headers, headers: &HeaderMap) {
        if !headers.is_empty() && !self.log.is_crowded() {
            let kept = &mut *self.kept();
            kept.events.headers(which, headers, &self.log.redaction);
            self.count(kept);
        }
    }

    /// Keeps a message, as far as there is room. Returns whether the next one may be kept.
    pub(crate) fn message(&self, direction: Direction, message: &[u8]) -> bool {
        let most = if self.log.is_crowded() {
            0
        } else {
            self.log.message_bytes()
        };
        let kept = &mut *self.kept();
        let goes_on = kept.events.message(direction, self.at(), message, most);
        self.count(kept);
        goes_on
    }

    /// The call waits for something, and takes memory meanwhile.
    pub(crate) fn waits(&self) {
        let kept = &mut *self.kept();
        if !kept.is_written {
            kept.counted += FIXED;
            self.log.in_flight.fetch_add(FIXED, Ordering::Relaxed);
            self.count(kept);
        }
    }

    /// Counts what the buffer takes beyond what each has. Of calls that wait for nothing that is all that is counted: there
    /// are few of them at a time.
    fn count(&self, kept: &mut Kept) {
        let capacity = kept.events.bytes.capacity();
        if capacity > kept.capacity {
            let more = capacity - kept.capacity;
            self.log.in_flight.fetch_add(more, Ordering::Relaxed);
            kept.counted += more;
            kept.capacity = capacity;
        }
    }

    fn uncount(&self, kept: &mut Kept) {
        if kept.counted > 0 {
            self.log.in_flight.fetch_sub(kept.counted, Ordering::Relaxed);
            kept.counted = 0;
        }
    }

    /// Writes the call to the journal, unless that has been done.
    pub(crate) fn end(&self, facts: &Facts<'_>) {
        let events = {
            let kept = &mut *self.kept();
            if kept.is_written {
                return;
            }
            kept.is_written = true;
            self.uncount(kept);
            std::mem::take(&mut kept.events)
        };
        self.log.append(facts, events.parts());
    }

    /// An entry of the call as it is now. `None` if it has ended.
    pub(crate) fn entry(&self, facts: &Facts<'_>) -> Option<EntryBytes> {
        let kept = self.kept();
        if kept.is_written {
            return None;
        }
        Some(facts.entry(self.log.mark_of(facts).number(), kept.events.parts()))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.uncount(&mut self.kept());
    }
}
