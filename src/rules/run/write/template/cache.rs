//! What the loops of one call have written before.
//!
//! Some parts of a message are the same in each round of a loop: they are written in the first round, and copied
//! after that.

use std::cell::{Cell, RefCell};

use crate::rules::plan::template::{pad, put_padded};

/// The bytes that loops of one call have written; valid for one event.
#[derive(Debug, Default)]
pub(in crate::rules) struct LoopCache {
    entries: Box<[Entry]>,
    event: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The event in which the bytes were written; 0 before the first.
    event: Cell<u64>,
    /// The bytes, followed by padding.
    padded: RefCell<Vec<u8>>,
    length: Cell<usize>,
}

impl LoopCache {
    /// A cache with this many places.
    pub(in crate::rules) fn new(count: usize) -> Self {
        Self {
            entries: (0..count).map(|_| Entry::default()).collect(),
            event: 1,
        }
    }

    /// Begins another event: what was written before is no longer valid.
    #[inline]
    pub(in crate::rules) fn forget(&mut self) {
        self.event += 1;
    }

    /// Appends the bytes of a place. `write` makes them once in each event, or each time if there is no such place.
    #[inline]
    pub(in crate::rules::run) fn put<E>(
        &self,
        place: usize,
        buffer: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(entry) = self.entries.get(place) else {
            return write(buffer);
        };
        if entry.event.get() != self.event {
            let mut bytes = entry.padded.borrow_mut();
            bytes.clear();
            write(&mut bytes)?;
            entry.length.set(bytes.len());
            pad(&mut bytes);
            entry.event.set(self.event);
        }
        put_padded(buffer, &entry.padded.borrow(), entry.length.get());
        Ok(())
    }
}
