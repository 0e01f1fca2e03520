//! The store of this server, as far as it has the changes that servers share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::{SharedStore, Trouble};
use crate::cel::{KnownTypes, Store};
use crate::nats::PATIENCE;
use crate::schema::Schema;

/// How many bytes the mark of a change has, by which who made it knows it.
const MARK: usize = 16;

/// What a change costs in the stream beside its bytes, about.
const OVERHEAD: usize = 64;

/// The store, and which of the changes it has.
#[derive(Debug)]
pub(super) struct Applied {
    store: Arc<SharedStore>,
    /// The sequence of the last change that it has. It changes while the store is locked for writing.
    sequence: watch::Sender<u64>,
    types: RwLock<KnownTypes>,
    /// Whether there are values of types that were not known when they came.
    has_unknown: AtomicBool,
    /// Whether these may be known now, and all has to be read again before it is used.
    is_stale: AtomicBool,
    /// Says that it is so.
    learnt: Notify,
    /// The change that this server is about to make.
    own: Mutex<Own>,
    /// How many bytes of changes have come since the last snapshot.
    since_snapshot: AtomicU64,
}

#[derive(Debug, Default)]
struct Own {
    mark: [u8; MARK],
    has_come: bool,
}

/// A change as it stands in the stream.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) sequence: u64,
    pub(super) payload: Bytes,
}

impl Applied {
    pub(super) fn new(store: &Arc<SharedStore>) -> Self {
        Self {
            store: Arc::clone(store),
            sequence: watch::Sender::new(0),
            types: RwLock::default(),
            has_unknown: AtomicBool::new(false),
            is_stale: AtomicBool::new(false),
            learnt: Notify::new(),
            own: Mutex::default(),
            since_snapshot: AtomicU64::new(0),
        }
    }

    /// The sequence of the last change that the store has.
    pub(super) fn sequence(&self) -> u64 {
        *self.sequence.borrow()
    }

    /// Waits until the store has a change, with the types that are known.
    pub(super) async fn reaches(&self, sequence: u64) -> Result<(), Trouble> {
        let mut applied = self.sequence.subscribe();
        let is_there = |applied: &u64| *applied >= sequence && !self.is_stale.load(Ordering::Relaxed);
        let reached = timeout(PATIENCE, applied.wait_for(is_there)).await;
        reached.map_or(Err(Trouble::Unreachable), |_| Ok(()))
    }

    /// Notes the types of rules that were loaded.
    pub(super) fn learn(&self, schemas: Vec<Schema>) {
        // While no change is made with the types that were known before.
        let _store = self.store.write();
        *self.types.write().unwrap_or_else(PoisonError::into_inner) = KnownTypes::of(schemas);
        if self.has_unknown.load(Ordering::Relaxed) {
            self.is_stale.store(true, Ordering::Relaxed);
            self.learnt.notify_one();
        }
    }

    /// Waits until all should be read again.
    pub(super) async fn learns(&self) {
        self.learnt.notified().await;
    }

    pub(super) fn has_unknown(&self) -> bool {
        self.has_unknown.load(Ordering::Relaxed)
    }

    /// The payload of a change that this server is about to make.
    pub(super) fn own(&self, record: &[u8]) -> Bytes {
        let mark = fastrand::u128(..).to_be_bytes();
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Own {
            mark,
            has_come: false,
        };
        [mark.as_slice(), record].concat().into()
    }

    /// Whether the last [own](Self::own) change has come.
    pub(super) fn own_has_come(&self) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).has_come
    }

    /// Makes changes that have come, as far as the store does not have them. It may have to wait for a slow evaluation.
    pub(super) fn apply(&self, changes: &[Change]) {
        let mut store = self.store.write();
        let types = self.types.read().unwrap_or_else(PoisonError::into_inner).clone();
        for Change { sequence, payload } in changes {
            if *sequence <= self.sequence() {
                continue;
            }
            if let Some((mark, record)) = payload.split_at_checked(MARK) {
                self.apply_record(&mut store, record, &types);
                let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
                own.has_come |= own.mark == mark;
            }
            let taken = (payload.len() + OVERHEAD) as u64;
            self.since_snapshot.fetch_add(taken, Ordering::Relaxed);
            self.sequence.send_replace(*sequence);
        }
    }

    fn apply_record(&self, store: &mut Store, record: &[u8], types: &KnownTypes) {
        match store.apply(record, types) {
            Some(0) => {}
            Some(_) => self.has_unknown.store(true, Ordering::Relaxed),
            None => {
                tracing::warn!(target: "protod::store", "a change of the shared store is damaged, and left out");
            }
        }
    }

    /// Puts what these records have in the place of all variables, as of that change.
    pub(super) fn replace(&self, records: &[Bytes], sequence: u64) {
        let mut store = self.store.write();
        let types = self.types.read().unwrap_or_else(PoisonError::into_inner).clone();
        store.clear();
        self.has_unknown.store(false, Ordering::Relaxed);
        self.is_stale.store(false, Ordering::Relaxed);
        for record in records {
            self.apply_record(&mut store, record, &types);
        }
        self.since_snapshot.store(0, Ordering::Relaxed);
        self.sequence.send_replace(sequence);
    }

    /// All variables as records of about that size, and the last change that they have.
    pub(super) fn records(&self, size: usize) -> (u64, Vec<Vec<u8>>) {
        let store = self.store.read();
        (self.sequence(), store.to_records(size))
    }

    /// How many bytes of changes have come since the last snapshot.
    pub(super) fn since_snapshot(&self) -> u64 {
        self.since_snapshot.load(Ordering::Relaxed)
    }

    /// A snapshot was made.
    pub(super) fn note_snapshot(&self) {
        self.since_snapshot.store(0, Ordering::Relaxed);
    }
}
