//! The messages of a collection in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::room::Room;
use crate::collection::declaration::{Declaration, Retention, now};
use crate::collection::query::{Batch, Extent, FIRST, MOST_SEEN, Most, Order, Position, Query, cut};
use crate::collection::row_type::{Row, RowType};
use crate::collection::scalar::Key;

/// What a message takes beside its bytes: its node in the tree, and what the allocator adds.
const OVERHEAD: usize = 96;

/// What a key takes beside its bytes.
const KEY_OVERHEAD: usize = 80;

/// The messages of a collection, by position.
#[derive(Debug)]
pub(in crate::collection) struct Rows {
    pub(super) room: Arc<Room>,
    /// Whether a stream decides what is forgotten.
    is_copy: bool,
    state: RwLock<State>,
    pub(super) added: Arc<Notify>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) messages: BTreeMap<u64, Stored>,
    /// Where the message of a key is.
    keys: HashMap<Key, u64>,
    /// The next position.
    next: u64,
    /// How many bytes the messages have.
    pub(super) size: u64,
    keep: Retention,
    /// The type by which the keys were read.
    fingerprint: Option<u64>,
    /// How many messages are known to be of that type.
    known: AtomicUsize,
}

#[derive(Debug)]
pub(super) struct Stored {
    /// When it was written, in milliseconds since 1970.
    pub(super) at: u64,
    pub(super) bytes: Box<[u8]>,
    pub(super) key: Option<Key>,
    /// How much memory it was counted as.
    pub(super) taken: usize,
    /// Whether it is known to be of the type by which the keys were read. It is looked at once, by the first who reads it.
    pub(super) is_known: AtomicBool,
}

impl Rows {
    pub(super) fn within(room: &Arc<Room>, is_copy: bool) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::clone(room),
            is_copy,
            state: RwLock::new(State {
                next: FIRST,
                ..State::default()
            }),
            added: Arc::default(),
        })
    }

    /// Keeps as much as is declared, and reads the keys by the type that is.
    pub(super) fn declare(&self, declaration: &Declaration, row_type: &RowType) {
        let mut state = self.write();
        state.keep = declaration.keep;
        if state.fingerprint.replace(row_type.fingerprint) != Some(row_type.fingerprint) {
            let misfits = state.read_keys(row_type);
            declaration.report_misfits(misfits, state.messages.len() as u64);
        }
        if !self.is_copy {
            state.forget(&self.room);
        }
    }

    pub(in crate::collection) fn get(&self, key: &Key, row_type: &RowType) -> Option<Bytes> {
        let state = self.read_lock();
        let stored = state.messages.get(state.keys.get(key)?)?;
        let is_there = stored.at >= state.cutoff() && state.fits(stored, row_type, &mut None);
        is_there.then(|| Bytes::copy_from_slice(&stored.bytes))
    }

    pub(in crate::collection) fn read(
        &self,
        query: &Query,
        after: Option<Position>,
        most: Most,
        row_type: &RowType,
    ) -> Batch {
        let state = self.read_lock();
        let after = after.map_or(Bound::Unbounded, |Position(after)| Bound::Excluded(after));
        match query.order {
            Order::Oldest => {
                let messages = state.messages.range((after, Bound::Unbounded));
                state.batch(messages, query, most, row_type)
            }
            Order::Newest => {
                let messages = state.messages.range((Bound::Unbounded, after)).rev();
                state.batch(messages, query, most, row_type)
            }
        }
    }

    /// How many messages there are of the type, if nothing has to be looked at for that.
    pub(in crate::collection) fn counted(&self, row_type: &RowType) -> Option<u64> {
        let state = self.read_lock();
        let is_counted = state.fingerprint == Some(row_type.fingerprint)
            && state.known.load(Ordering::Relaxed) == state.messages.len()
            && !state.has_too_old();
        is_counted.then_some(state.messages.len() as u64)
    }

    /// The same, and looks at those of which it is not known.
    pub(in crate::collection) fn count(&self, row_type: &RowType) -> u64 {
        if let Some(count) = self.counted(row_type) {
            return count;
        }
        let state = self.read_lock();
        let (cutoff, mut row) = (state.cutoff(), None);
        let fits = |stored: &&Stored| stored.at >= cutoff && state.fits(stored, row_type, &mut row);
        state.messages.values().filter(fits).count() as u64
    }

    /// How many messages there are.
    pub(in crate::collection) fn len(&self) -> usize {
        self.read_lock().messages.len()
    }

    /// Fails if there is no room, not even that of what it takes the place of.
    pub(in crate::collection) fn put(
        &self,
        key: Option<Key>,
        message: &[u8],
        row_type: &RowType,
    ) -> Result<(), ()> {
        let taken = taken(key.as_ref(), message);
        let has_room = self.room.take(taken);
        let mut state = self.write();
        if !has_room {
            let replaced = state.replaced_by(key.as_ref(), message.len());
            if replaced < taken && !self.room.take(taken - replaced) {
                return Err(());
            }
            // It is given back when they go.
            self.room.take_anyway(taken.min(replaced));
        }
        let stored = Stored {
            at: now(),
            bytes: message.into(),
            // What has a key has been looked at.
            is_known: AtomicBool::new(key.is_some() && state.fingerprint == Some(row_type.fingerprint)),
            key,
            taken,
        };
        if let Some(key) = &stored.key {
            state.delete(key, &self.room);
        }
        state.push(stored);
        state.forget(&self.room);
        drop(state);
        self.added.notify_waiters();
        Ok(())
    }

    pub(in crate::collection) fn delete(&self, key: &Key) {
        self.write().delete(key, &self.room);
    }

    pub(in crate::collection) fn clear(&self) {
        let messages = self.write().clear();
        self.give_back(&messages);
    }

    /// Gives back the room of messages that are gone.
    pub(super) fn give_back(&self, messages: &BTreeMap<u64, Stored>) {
        self.room
            .give_back(messages.values().map(|stored| stored.taken).sum());
    }

    pub(in crate::collection) fn extent(&self) -> Extent {
        let mut state = self.read_lock();
        // What is too old is read no more, and so it does not count.
        if !self.is_copy && state.has_too_old() {
            drop(state);
            self.write().forget(&self.room);
            state = self.read_lock();
        }
        Extent {
            count: state.messages.len() as u64,
            size: state.size,
        }
    }

    pub(in crate::collection) fn added(&self) -> OwnedNotified {
        Arc::clone(&self.added).notified_owned()
    }

    pub(super) fn read_lock(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.clear();
    }
}

impl State {
    fn push(&mut self, stored: Stored) {
        self.insert(self.next, stored);
        self.next += 1;
    }

    /// Puts a message at a position that has none.
    pub(super) fn insert(&mut self, position: u64, stored: Stored) {
        self.size += stored.bytes.len() as u64;
        *self.known.get_mut() += usize::from(stored.is_known.load(Ordering::Relaxed));
        if let Some(key) = &stored.key {
            self.keys.insert(key.clone(), position);
        }
        self.messages.insert(position, stored);
    }

    pub(super) fn delete(&mut self, key: &Key, room: &Room) {
        if let Some(position) = self.keys.get(key).copied() {
            self.remove(position, room);
        }
    }

    pub(super) fn remove(&mut self, position: u64, room: &Room) {
        if let Some(stored) = self.messages.remove(&position) {
            self.size -= stored.bytes.len() as u64;
            *self.known.get_mut() -= usize::from(stored.is_known.load(Ordering::Relaxed));
            room.give_back(stored.taken);
            if let Some(key) = &stored.key
                && self.keys.get(key) == Some(&position)
            {
                self.keys.remove(key);
            }
        }
    }

    pub(super) fn clear(&mut self) -> BTreeMap<u64, Stored> {
        self.keys = HashMap::new();
        self.size = 0;
        *self.known.get_mut() = 0;
        std::mem::take(&mut self.messages)
    }

    /// Finds the keys anew, and returns how many messages do not fit the type. If several messages have the same key, the newest
    /// is the one of the key.
    fn read_keys(&mut self, row_type: &RowType) -> u64 {
        self.keys.clear();
        let (mut row, mut misfits) = (row_type.row(), 0);
        for (position, stored) in &mut self.messages {
            let fits = row_type.fits(&stored.bytes, &mut row);
            misfits += u64::from(!fits);
            *stored.is_known.get_mut() = fits;
            stored.key = fits.then(|| row_type.key_of(&row, &stored.bytes)).flatten();
            if let Some(key) = &stored.key {
                self.keys.insert(key.clone(), *position);
            }
        }
        *self.known.get_mut() = self.messages.len() - misfits as usize;
        misfits
    }

    /// Whether a message is of the type. It needs slots for that only if it is not known.
    fn fits(&self, stored: &Stored, row_type: &RowType, row: &mut Option<Row>) -> bool {
        let is_same = self.fingerprint == Some(row_type.fingerprint);
        if is_same && stored.is_known.load(Ordering::Relaxed) {
            return true;
        }
        let fits = row_type.fits(&stored.bytes, row.get_or_insert_with(|| row_type.row()));
        if fits && is_same && !stored.is_known.swap(true, Ordering::Relaxed) {
            self.known.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    /// Takes away the oldest messages, as far as they are too many or too old.
    fn forget(&mut self, room: &Room) {
        self.forget_by(self.keep, self.cutoff(), room);
    }

    /// The same by another retention, and the moment before which messages are too old.
    pub(super) fn forget_by(&mut self, keep: Retention, cutoff: u64, room: &Room) {
        while let Some((position, oldest)) = self.messages.first_key_value()
            && (oldest.at < cutoff || keep.is_exceeded(self.messages.len() as u64, self.size))
        {
            self.remove(*position, room);
        }
    }

    /// How much memory is taken by the messages that go when one with this key and of this size comes.
    pub(super) fn replaced_by(&self, key: Option<&Key>, size: usize) -> usize {
        let replaced = key.and_then(|key| self.keys.get(key));
        let (mut count, mut size) = (self.messages.len() as u64 + 1, self.size + size as u64);
        let mut taken = 0;
        let replaced = replaced.and_then(|position| self.messages.get_key_value(position));
        let others = self.messages.iter();
        let others =
            others.filter(|(position, _)| replaced.is_none_or(|(replaced, _)| replaced != *position));
        for (is_replaced, (_, stored)) in replaced
            .map(|replaced| (true, replaced))
            .into_iter()
            .chain(others.map(|other| (false, other)))
        {
            if !is_replaced && !self.keep.is_exceeded(count, size) {
                break;
            }
            count -= 1;
            size -= stored.bytes.len() as u64;
            taken += stored.taken;
        }
        taken
    }

    fn has_too_old(&self) -> bool {
        let oldest = self.messages.first_key_value();
        oldest.is_some_and(|(_, oldest)| oldest.at < self.cutoff())
    }

    fn cutoff(&self) -> u64 {
        self.keep.age.map_or(0, |_| self.keep.cutoff(now()))
    }

    fn batch<'s>(
        &self,
        messages: impl Iterator<Item = (&'s u64, &'s Stored)>,
        query: &Query,
        most: Most,
        row_type: &RowType,
    ) -> Batch {
        let (cutoff, mut row) = (self.cutoff(), None);
        let (mut found, mut bytes) = (Vec::new(), BytesMut::new());
        let mut seen = None;
        let mut is_end = true;
        for (count, (position, stored)) in messages.enumerate() {
            let is_wanted = stored.at >= cutoff
                && if query.conditions.is_empty() {
                    self.fits(stored, row_type, &mut row)
                } else {
                    let row = row.get_or_insert_with(|| row_type.row());
                    row_type.fits(&stored.bytes, row) && row_type.is_wanted(query, row, &stored.bytes)
                };
            let is_more = bytes.len() + stored.bytes.len() > most.bytes || found.len() == most.rows;
            if count == MOST_SEEN || is_wanted && is_more && !found.is_empty() {
                is_end = false;
                break;
            }
            seen = Some(Position(*position));
            if is_wanted {
                bytes.extend_from_slice(&stored.bytes);
                found.push((Position(*position), bytes.len()));
            }
        }
        Batch {
            rows: cut(found, bytes.freeze()),
            seen,
            is_end,
        }
    }
}

/// How much memory a message takes.
pub(super) fn taken(key: Option<&Key>, message: &[u8]) -> usize {
    let key = key.map_or(0, |key| {
        let bytes = match key {
            Key::Text(text) => text.len(),
            Key::Bytes(bytes) => bytes.len(),
            Key::Bool(_) | Key::Int(_) | Key::Uint(_) => 0,
        };
        // Once with the message, and once where it is found.
        KEY_OVERHEAD + 2 * bytes
    });
    OVERHEAD + message.len() + key
}
