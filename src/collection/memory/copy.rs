//! A copy in memory of what a stream has.

use std::sync::atomic::AtomicBool;

use super::rows::{Rows, Stored, taken};
use crate::collection::jetstream::{Chunk, Record};
use crate::collection::row_type::RowType;

impl Rows {
    /// Does what chunks say. They are applied as a whole, also beyond the room: what a stream has has been accepted.
    pub(in crate::collection) fn apply(&self, chunks: &[Chunk], row_type: &RowType) {
        let mut row = row_type.row();
        let mut state = self.write();
        for chunk in chunks {
            for (position, record) in chunk.records() {
                let (position, at, message) = match record {
                    Record::Put(message) => (position, chunk.at, message),
                    Record::Restore {
                        position,
                        at,
                        message,
                    } => (position, at, message),
                    Record::Delete(key) => {
                        state.delete(&key, &self.room);
                        continue;
                    }
                    Record::Clear => {
                        self.give_back(&state.clear());
                        continue;
                    }
                };
                if state.messages.contains_key(&position) {
                    continue;
                }
                let key = row_type.key_if_fits(&mut row, message);
                if let Some(key) = &key {
                    state.delete(key, &self.room);
                }
                let taken = taken(key.as_ref(), message);
                self.room.take_anyway(taken);
                state.insert(
                    position,
                    Stored {
                        at,
                        bytes: message.into(),
                        is_known: AtomicBool::default(),
                        key,
                        taken,
                    },
                );
            }
            let keep = chunk.keep();
            state.forget_by(keep, keep.cutoff(chunk.at), &self.room);
        }
        drop(state);
        self.added.notify_waiters();
    }

    /// Takes away what stands before a position.
    pub(in crate::collection) fn forget_before(&self, position: u64) {
        let mut state = self.write();
        while let Some((oldest, _)) = state.messages.first_key_value()
            && *oldest < position
        {
            let oldest = *oldest;
            state.remove(oldest, &self.room);
        }
    }

    /// Which of these positions have a message.
    pub(in crate::collection) fn holds(&self, positions: &[u64]) -> Vec<bool> {
        let state = self.read_lock();
        let holds = |position| state.messages.contains_key(position);
        positions.iter().map(holds).collect()
    }

    /// The position of the oldest message, and when it was written, in milliseconds since 1970.
    pub(in crate::collection) fn oldest(&self) -> Option<(u64, u64)> {
        let state = self.read_lock();
        let oldest = state.messages.first_key_value();
        oldest.map(|(position, stored)| (*position, stored.at))
    }

    /// Whether there is room for a message of that size.
    pub(in crate::collection) fn has_room(&self, message: usize) -> bool {
        self.room.has(taken(None, &[]) + message)
    }

    /// Whether there is room for a message with that of what it takes the place of.
    pub(in crate::collection) fn has_room_in_place(&self, message: &[u8], row_type: &RowType) -> bool {
        let key = row_type.key_if_fits(&mut row_type.row(), message);
        let replaced = self.read_lock().replaced_by(key.as_ref(), message.len());
        let taken = taken(key.as_ref(), message);
        replaced >= taken || self.room.has(taken - replaced)
    }
}
