//! The journal of a server: its calls that have ended, the newest of them, in bounded memory.
//!
//! A call is written when its end is known, before its client learns of it: who has its answer finds the call here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::call::RecordedCall;
use super::chunks::{Chunk, Chunks, Place};
use super::entry::{Entry, Facts};
use super::options::JournalOptions;
use super::reader::Reader;
use super::redaction::Redaction;
use super::stats::JournalStats;
use crate::schema::Method;

/// The calls of a server that have ended.
#[derive(Debug)]
pub(crate) struct Log {
    /// How many bytes it may take, calls in flight included.
    size: usize,
    pub(super) redaction: Arc<Redaction>,
    chunks: Mutex<Chunks>,
    /// How many bytes are kept of calls in flight.
    pub(super) in_flight: AtomicUsize,
    added: Notify,
    /// How many watch.
    watchers: AtomicUsize,
}

impl Log {
    pub(crate) fn new(options: &JournalOptions) -> Self {
        Self {
            size: options.size,
            redaction: Arc::new(Redaction::new(&options.redacted)),
            chunks: Mutex::new(Chunks::new()),
            in_flight: AtomicUsize::new(0),
            added: Notify::new(),
            watchers: AtomicUsize::new(0),
        }
    }

    /// How many bytes of the messages of a call are kept.
    pub(super) fn message_bytes(&self) -> usize {
        JournalOptions::MAX_MESSAGE_BYTES.min(self.size / 8)
    }

    /// Whether calls in flight take as much as they may: half of all.
    pub(super) fn is_crowded(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > self.size / 2
    }

    /// Writes a call that has ended.
    pub(crate) fn append(&self, facts: &Facts<'_>, events: &[u8]) {
        let most = facts.most(events);
        // However many calls are in flight, half of the room is for those that have ended.
        let in_flight = self.in_flight.load(Ordering::Relaxed).min(self.size / 2);
        // A sixteenth is for what the allocator takes beside it.
        let limit = (self.size - in_flight) / 16 * 15;
        self.chunks().append(most, limit, |out| facts.put(events, out));
        // Who began to watch before this call was written has been counted before.
        if self.watchers.load(Ordering::Relaxed) > 0 {
            self.added.notify_waiters();
        }
    }

    /// Forgets all calls.
    pub(crate) fn clear(&self) {
        self.chunks().clear();
    }

    fn chunks(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What reads entries; `find` gives the method of a name.
    pub(crate) fn reader(
        &self,
        find: impl Fn(&str) -> Option<Arc<Method>> + Send + Sync + 'static,
    ) -> Arc<Reader> {
        Arc::new(Reader::new(&self.redaction, find))
    }

    /// The calls that are kept now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.chunks().all())
    }

    /// The calls that are kept now, and what gives those that end from then on.
    pub(crate) fn watch(self: &Arc<Self>) -> (Snapshot, Watch) {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        let chunks = self.chunks();
        let watch = Watch {
            log: Arc::clone(self),
            place: chunks.end(),
        };
        (Snapshot(chunks.all()), watch)
    }

    /// How much there is.
    pub(crate) fn stats(&self) -> JournalStats {
        let chunks = self.chunks();
        let (kept, recorded) = chunks.entries();
        JournalStats {
            kept,
            recorded,
            evicted: chunks.evicted(),
            bytes: chunks.size() + self.in_flight.load(Ordering::Relaxed),
        }
    }
}

/// Waits for calls to end.
#[derive(Debug)]
pub(crate) struct Watch {
    log: Arc<Log>,
    place: Place,
}

impl Watch {
    /// Waits for the next call to end, and says how many have passed before it that are gone.
    pub(crate) async fn next(&mut self) -> (Bytes, u64) {
        loop {
            let added = self.log.added.notified();
            if let Some((entry, missed)) = self.log.chunks().next(&mut self.place) {
                return (Bytes::copy_from_slice(entry), missed);
            }
            added.await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.log.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The calls that are kept at a moment.
#[derive(Debug)]
pub(crate) struct Snapshot(Vec<Arc<Chunk>>);

impl Snapshot {
    /// The newest calls for which `wanted` holds, up to so many, oldest first.
    pub(crate) fn newest(
        &self,
        most: usize,
        reader: &Arc<Reader>,
        mut wanted: impl FnMut(&RecordedCall) -> bool,
    ) -> Vec<RecordedCall> {
        let mut found = Vec::new();
        'all: for chunk in self.0.iter().rev() {
            let entries: Vec<&[u8]> = chunk.entries().collect();
            for entry in entries.into_iter().rev() {
                if found.len() == most {
                    break 'all;
                }
                let call = RecordedCall::read(Bytes::copy_from_slice(entry), reader);
                found.extend(call.filter(&mut wanted));
            }
        }
        found.reverse();
        found
    }

    /// The call of an id.
    pub(crate) fn get(&self, id: u64, reader: &Arc<Reader>) -> Option<RecordedCall> {
        // Those that ended last are asked for most.
        let mut entries = self.0.iter().rev().flat_map(|chunk| chunk.entries());
        let entry = entries.find(|entry| Entry::id_of(entry) == Some(id))?;
        RecordedCall::read(Bytes::copy_from_slice(entry), reader)
    }
}
