//! What waits to be published, in the order in which it came.
//!
//! Writes are collected in a group of chunks. When the task that publishes is ready, it takes all of the group, while the next
//! one fills. If a group fails, the open one fails with it: a call of which a write is missing must not have a later one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::chunk::{ChunkBuilder, Head, Record};
use crate::collection::end::End;
use crate::collection::fault::FaultKind;

/// How many bytes may wait. Who writes more waits until the group is taken.
const MOST_BYTES: usize = 4 << 20;

/// The queue of one collection.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to publish.
    work: Notify,
    /// There is room again.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    open: Group,
    /// The end of the group that is being published.
    publishing: Option<Arc<End>>,
    is_closed: bool,
}

/// Writes that are published as one.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) chunks: Vec<ChunkBuilder>,
    size: usize,
    pub(super) end: Arc<End>,
}

impl Queue {
    /// Adds a write of so many bytes to the open group, and returns how to learn of its end. A chunk has `most` bytes of records, or one
    /// that is larger. `last` is the end of what the call wrote last: if that has failed, so does what it writes now.
    pub(super) fn add(
        &self,
        head: Head,
        record: &Record<'_>,
        (size, most): (usize, usize),
        last: Option<&Arc<End>>,
    ) -> Result<Arc<End>, FaultKind> {
        let mut state = self.state();
        if state.is_closed {
            return Err(FaultKind::Unavailable);
        }
        // While the lock is held: a group that fails after this fails the open one, too.
        if let Some(last) = last
            && !Arc::ptr_eq(last, &state.open.end)
            && let Some(Err(kind)) = last.outcome()
        {
            return Err(kind);
        }
        let was_empty = state.open.chunks.is_empty();
        state.open.add(head, record, size, most);
        let end = Arc::clone(&state.open.end);
        drop(state);
        if was_empty {
            self.work.notify_one();
        }
        Ok(end)
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().open.size >= MOST_BYTES
    }

    /// Waits until less waits.
    pub(super) async fn room(&self) {
        loop {
            let room = self.room.notified();
            if !self.is_full() {
                return;
            }
            room.await;
        }
    }

    /// The end of all that waits now. `None` if nothing does.
    pub(super) fn end(&self) -> Option<Arc<End>> {
        let state = self.state();
        if state.open.chunks.is_empty() {
            state.publishing.clone()
        } else {
            Some(Arc::clone(&state.open.end))
        }
    }

    /// Waits for the next group, and takes it.
    pub(super) async fn next(&self) -> Group {
        loop {
            {
                let mut state = self.state();
                state.publishing = None;
                if !state.open.chunks.is_empty() {
                    let group = std::mem::take(&mut state.open);
                    state.publishing = Some(Arc::clone(&group.end));
                    drop(state);
                    self.room.notify_waiters();
                    return group;
                }
            }
            self.work.notified().await;
        }
    }

    /// Ends the group that was published, and if it failed also the open one.
    pub(super) fn set(&self, end: &End, outcome: Result<(), FaultKind>) {
        end.set(outcome);
        if outcome.is_err() {
            let failed = std::mem::take(&mut self.state().open);
            failed.end.set(outcome);
            self.room.notify_waiters();
        }
    }

    /// Lets all fail that waits, and all that comes.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let failed = std::mem::take(&mut state.open);
        let publishing = state.publishing.take();
        drop(state);
        for end in publishing.iter().chain([&failed.end]) {
            if end.outcome().is_none() {
                end.set(Err(FaultKind::Unavailable));
            }
        }
        self.room.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    fn add(&mut self, head: Head, record: &Record<'_>, size: usize, most: usize) {
        let chunk = match self.chunks.last_mut() {
            Some(chunk) if chunk.head == head && chunk.has_room(size, most) => chunk,
            _ => {
                self.chunks.push(ChunkBuilder::new(head));
                self.chunks.last_mut().expect("it was pushed")
            }
        };
        let before = chunk.len();
        chunk.add(record);
        self.size += chunk.len() - before;
    }
}
