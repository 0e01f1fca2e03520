//! The journal of a server: its calls that have ended, the newest of them, in bounded memory.
//!
//! A call is written when its end is known, before its client learns of it: who has its answer finds the call here.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::call::RecordedCall;
use super::chunks::{Chunk, Chunks, Place, Stored};
use super::entry::{Entry, EntryBytes, Facts};
use super::events::EventParts;
use super::options::JournalOptions;
use super::reader::Reader;
use super::redaction::Redaction;
use super::stats::JournalStats;
use crate::schema::{Method, Schema};
use crate::session::{Mark, Session};

/// The calls of a server that have ended.
#[derive(Debug)]
pub(crate) struct Log {
    /// How many bytes it may take, calls in flight included.
    size: usize,
    pub(super) redaction: Arc<Redaction>,
    chunks: Mutex<Chunks>,
    /// The mark of calls of no session.
    mark: Mark,
    /// How many calls there had been with the last one of a session.
    of_sessions: AtomicU64,
    /// The marks of calls that are kept and were forgotten, with how many calls there had been then.
    forgotten: Mutex<HashMap<u64, u64>>,
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
            mark: Mark::default(),
            of_sessions: AtomicU64::new(0),
            forgotten: Mutex::default(),
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
    pub(super) fn append(&self, facts: &Facts<'_>, events: EventParts<'_>) {
        let most = facts.most(events);
        // However many calls are in flight, half of the room is for those that have ended.
        let in_flight = self.in_flight.load(Ordering::Relaxed).min(self.size / 2);
        // A sixteenth is for what the allocator takes beside it.
        let limit = (self.size - in_flight) / 16 * 15;
        let mut chunks = self.chunks();
        let put_begin = |out: &mut Vec<u8>| facts.put_begin(events, out);
        chunks.append(limit, put_begin, events.last, most, |out| {
            facts.put_own(self.mark_of(facts).take(), events, out);
        });
        if facts.session.is_some() {
            self.of_sessions.store(chunks.entries().1, Ordering::Relaxed);
        }
        drop(chunks);
        // Who began to watch before this call was written has been counted before.
        if self.watchers.load(Ordering::Relaxed) > 0 {
            self.added.notify_waiters();
        }
    }

    /// Forgets all calls.
    pub(crate) fn clear(&self) {
        self.clear_all(&mut self.chunks());
    }

    fn clear_all(&self, chunks: &mut Chunks) {
        chunks.clear();
        self.forgotten().clear();
    }

    /// The mark of a call that ends now.
    pub(super) fn mark_of<'m>(&'m self, facts: &Facts<'m>) -> &'m Mark {
        facts.session.map_or(&self.mark, Session::mark)
    }

    /// Forgets the calls of a session, or those of none. Nobody sees them any more, and newer calls take their memory.
    pub(crate) fn clear_of(&self, session: Option<&Session>) {
        // While no call is written: those have one mark or the other.
        let mut chunks = self.chunks();
        let (kept, all) = chunks.entries();
        if session.is_none() && self.of_sessions.load(Ordering::Relaxed) <= all - kept {
            self.clear_all(&mut chunks);
        } else if let Some(mark) = session.map_or(&self.mark, Session::mark).renew() {
            let mut forgotten = self.forgotten();
            // Those that are gone need not be forgotten. So there are no more of them than calls that are kept.
            forgotten.retain(|_, before| *before > all - kept);
            forgotten.insert(mark, all);
        }
    }

    fn forgotten(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, to be read.
    fn snapshot_of(&self, chunks: &Chunks) -> Snapshot {
        Snapshot {
            chunks: chunks.all(),
            forgotten: self.forgotten().keys().copied().collect(),
        }
    }

    fn chunks(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What reads entries; `find` gives the method of a name.
    pub(crate) fn reader(
        &self,
        schema: Schema,
        find: impl Fn(&str) -> Option<Arc<Method>> + Send + Sync + 'static,
    ) -> Arc<Reader> {
        Arc::new(Reader::new(&self.redaction, schema, find))
    }

    /// The calls that are kept now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot_of(&self.chunks())
    }

    /// The calls that are kept now, and what gives those that end from then on.
    pub(crate) fn watch(self: &Arc<Self>) -> (Snapshot, Watch) {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        let chunks = self.chunks();
        let watch = Watch {
            log: Arc::clone(self),
            place: chunks.end(),
        };
        (self.snapshot_of(&chunks), watch)
    }

    /// The next entry after a place, which moves behind it, and how many before it are gone. `None` if there is none yet.
    fn next_after(&self, place: &mut Place) -> Option<(EntryBytes, u64)> {
        let chunks = self.chunks();
        let (entry, missed) = chunks.next(place)?;
        Some((entry.to_bytes(), missed))
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
    /// How many calls have ended before the next one, of all that have.
    pub(crate) fn passed(&self) -> u64 {
        self.place.entries()
    }

    /// Waits for the next call to end, and says how many have passed before it that are gone.
    pub(crate) async fn next(&mut self) -> (EntryBytes, u64) {
        loop {
            let added = self.log.added.notified();
            if let Some(next) = self.log.next_after(&mut self.place) {
                return next;
            }
            added.await;
        }
    }

    /// The same, if it has ended already.
    pub(crate) fn try_next(&mut self) -> Option<(EntryBytes, u64)> {
        self.log.next_after(&mut self.place)
    }

    /// Passes calls that are gone, and returns how many.
    pub(crate) fn pass_gone(&mut self) -> u64 {
        self.log.chunks().pass_gone(&mut self.place)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.log.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The calls that are kept at a moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    chunks: Vec<Arc<Chunk>>,
    /// The marks of those that were forgotten.
    forgotten: HashSet<u64>,
}

impl Snapshot {
    /// The calls, newest first, each with its place among all that have ended: those before a place.
    pub(crate) fn newest_first(
        &self,
        before: u64,
        reader: &Arc<Reader>,
    ) -> impl Iterator<Item = (u64, RecordedCall)> {
        let entries = self.entries_before(before);
        entries.filter_map(|(place, entry)| Some((place, self.read(entry, reader)?)))
    }

    /// The entries of the calls that have ended before a place, newest first.
    fn entries_before(&self, before: u64) -> impl Iterator<Item = (u64, EntryBytes)> {
        self.chunks.iter().rev().flat_map(move |chunk| {
            let entries: Vec<(u64, Stored<'_>)> = (chunk.first()..before).zip(chunk.entries()).collect();
            // Calls share what they have in common here, too.
            let mut shared = HashMap::new();
            entries.into_iter().rev().map(move |(place, entry)| {
                let mut share = |part: &[u8]| {
                    let part = shared
                        .entry(part.as_ptr())
                        .or_insert_with(|| Bytes::copy_from_slice(part));
                    part.clone()
                };
                let bytes = EntryBytes {
                    begin: share(entry.begin),
                    own: Bytes::copy_from_slice(entry.own),
                    end: share(entry.end),
                };
                (place, bytes)
            })
        })
    }

    /// The call of an id.
    pub(crate) fn get(&self, id: u64, reader: &Arc<Reader>) -> Option<RecordedCall> {
        // Those that ended last are asked for most.
        let mut entries = self.chunks.iter().rev().flat_map(|chunk| chunk.entries());
        let entry = entries.find(|entry| Entry::id_of(entry.own) == Some(id))?;
        self.read(entry.to_bytes(), reader)
    }

    /// Reads a call, unless it was forgotten.
    fn read(&self, entry: EntryBytes, reader: &Arc<Reader>) -> Option<RecordedCall> {
        let call = RecordedCall::read(entry, reader)?;
        let is_forgotten = self.forgotten.contains(&call.mark());
        (!is_forgotten).then_some(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_are_read_take_what_they_have_in_common_once() {
        let log = Log::new(&JournalOptions::default());
        let (tea, coffee) = (
            Facts::example(),
            Facts {
                rule: "coffee",
                ..Facts::example()
            },
        );
        let events = EventParts {
            last: b"last",
            ..EventParts::default()
        };
        for _ in 0..100 {
            log.append(&tea, events);
            log.append(&coffee, events);
        }
        let snapshot = log.snapshot();
        let read: Vec<EntryBytes> = snapshot
            .entries_before(u64::MAX)
            .map(|(_, bytes)| bytes)
            .collect();
        assert_eq!(read.len(), 200);
        let begins: HashSet<*const u8> = read.iter().map(|bytes| bytes.begin.as_ptr()).collect();
        let ends: HashSet<*const u8> = read.iter().map(|bytes| bytes.end.as_ptr()).collect();
        assert_eq!((begins.len(), ends.len()), (2, 1));
    }
}
