//! What waits to be written, in the order in which it came.
//!
//! Writes are collected in a group. When the thread that writes is ready, it takes all of the group, and commits it as one
//! transaction, while the next one fills. So there is one group that is written and one that is open, and not more. If a group
//! fails, the open one fails with it: a call of which a write is missing must not have a later one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::kept::Kept;
use crate::collection::declaration::Durability;
use crate::collection::end::End;
use crate::collection::fault::FaultKind;
use crate::collection::scalar::Key;

/// How many bytes may wait. Who writes more waits until the group is taken.
const MOST_BYTES: usize = 4 << 20;

/// How many bytes may wait while somebody follows, who sees a message when its group is committed: that takes some milliseconds.
const MOST_FOLLOWED: usize = 128 << 10;

/// What a write takes beside the bytes of its message.
const OVERHEAD: usize = size_of::<What>();

/// The queue of one file. `J` is work that is no write.
#[derive(Debug)]
pub(in crate::collection) struct Queue<J> {
    state: Mutex<State<J>>,
    /// There is something to do.
    work: Condvar,
    /// There is room again.
    room: Notify,
}

#[derive(Debug)]
struct State<J> {
    open: Group,
    /// What the last group had its writes in, for the next one: memory that is touched for the first time costs as much as what is written there.
    spare: Option<(Vec<What>, Vec<u8>)>,
    /// The end of the group that is being written.
    writing: Option<Arc<End>>,
    jobs: Vec<J>,
    /// Whether the thread waits for work.
    is_idle: bool,
    is_closed: bool,
    /// Whether the thread has ended.
    is_abandoned: bool,
}

/// Where a call writes.
#[derive(Debug)]
pub(in crate::collection) struct To<'w> {
    pub(in crate::collection) kept: &'w Arc<Kept>,
    pub(in crate::collection) durability: Durability,
    /// The end of what the call wrote last. If that has failed, so does what it writes now.
    pub(in crate::collection) last: Option<&'w Arc<End>>,
}

/// A write that waits in the open group.
#[derive(Debug)]
pub(in crate::collection) struct Queued {
    /// How to learn of its end. `None` if that is the end of what the call wrote last.
    pub(in crate::collection) end: Option<Arc<End>>,
    /// Whether who writes more should wait for [`room`](Queue::room).
    pub(in crate::collection) is_full: bool,
}

/// Abandons a queue when it is dropped.
pub(super) struct Abandoned<'q, J>(&'q Queue<J>);

/// Writes that are committed as one.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) writes: Vec<What>,
    /// The collections that they are to. They stand here once each, because a count of references that two threads change costs more than a
    /// write.
    pub(super) targets: Vec<Arc<Kept>>,
    /// The one that the last write is to.
    target: usize,
    /// The messages of the writes, one behind the other.
    pub(super) bytes: Vec<u8>,
    /// The strictest of them.
    pub(super) durability: Durability,
    pub(super) end: Arc<End>,
}

#[derive(Debug)]
pub(super) enum What {
    /// What follows is to this one of the targets.
    To(usize),
    /// A message, which ends there in the bytes of the group.
    Put(usize),
    Delete(Box<Key>),
    Clear,
}

/// What the thread has to do.
pub(super) enum Work<J> {
    Write(Group),
    Do(J),
    /// Nothing has come for a while.
    Nothing,
    /// There will be no more.
    End,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                open: Group::empty(),
                spare: None,
                writing: None,
                jobs: Vec::new(),
                is_idle: false,
                is_closed: false,
                is_abandoned: false,
            }),
            work: Condvar::new(),
            room: Notify::new(),
        })
    }

    /// Adds a message to the open group.
    pub(in crate::collection) fn put(&self, to: &To<'_>, message: &[u8]) -> Result<Queued, FaultKind> {
        self.add(to, |bytes| {
            bytes.extend_from_slice(message);
            What::Put(bytes.len())
        })
    }

    pub(in crate::collection) fn delete(&self, to: &To<'_>, key: Key) -> Result<Queued, FaultKind> {
        self.add(to, |_| What::Delete(Box::new(key)))
    }

    pub(in crate::collection) fn clear(&self, to: &To<'_>) -> Result<Queued, FaultKind> {
        self.add(to, |_| What::Clear)
    }

    fn add(&self, to: &To<'_>, what: impl FnOnce(&mut Vec<u8>) -> What) -> Result<Queued, FaultKind> {
        let mut state = self.state();
        if state.is_abandoned {
            return Err(FaultKind::Unavailable);
        }
        let is_same = to.last.is_some_and(|last| Arc::ptr_eq(last, &state.open.end));
        // While the lock is held: a group that fails after this fails the open one, too.
        if !is_same
            && let Some(last) = to.last
            && let Some(Err(kind)) = last.outcome()
        {
            return Err(kind);
        }
        let group = &mut state.open;
        group.goes_on_with(to.kept);
        let what = what(&mut group.bytes);
        group.durability = group.durability.max(to.durability);
        group.writes.push(what);
        let queued = Queued {
            end: (!is_same).then(|| Arc::clone(&group.end)),
            is_full: group.is_full(),
        };
        if std::mem::take(&mut state.is_idle) {
            self.work.notify_one();
        }
        Ok(queued)
    }

    /// Waits until less waits.
    pub(in crate::collection) async fn room(&self) {
        loop {
            let room = self.room.notified();
            if !self.state().open.is_full() {
                return;
            }
            room.await;
        }
    }

    /// Waits until all is written that waits now. Blocks.
    pub(in crate::collection) fn settle(&self) {
        let end = {
            let state = self.state();
            if state.open.writes.is_empty() {
                state.writing.clone()
            } else {
                Some(Arc::clone(&state.open.end))
            }
        };
        if let Some(end) = end {
            end.wait();
        }
    }

    /// Has the thread do something, before the writes that wait.
    pub(super) fn job(&self, job: J) {
        let mut state = self.state();
        if state.is_abandoned {
            return;
        }
        state.jobs.push(job);
        if std::mem::take(&mut state.is_idle) {
            self.work.notify_one();
        }
    }

    /// Ends the thread when it has written what waits.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.is_idle = false;
        self.work.notify_one();
    }

    /// Waits for work, for so long.
    pub(super) fn next(&self, patience: Option<Duration>) -> Work<J> {
        let mut state = self.state();
        state.writing = None;
        loop {
            if !state.jobs.is_empty() {
                return Work::Do(state.jobs.remove(0));
            }
            if !state.open.writes.is_empty() {
                let next = Group::within(state.spare.take().unwrap_or_default());
                let group = std::mem::replace(&mut state.open, next);
                state.writing = Some(Arc::clone(&group.end));
                drop(state);
                self.room.notify_waiters();
                return Work::Write(group);
            }
            if state.is_closed {
                return Work::End;
            }
            state.is_idle = true;
            // Who writes little needs none of the memory of who wrote much.
            state.spare = None;
            state.open = Group::empty();
            match patience {
                None => state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let waited = self.work.wait_timeout(state, patience);
                    let (waited, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    state = waited;
                    if timeout.timed_out()
                        && state.jobs.is_empty()
                        && state.open.writes.is_empty()
                        && !state.is_closed
                    {
                        state.is_idle = false;
                        return Work::Nothing;
                    }
                }
            }
        }
    }

    /// Ends the group that was written, and if it failed also the open one.
    pub(super) fn end(&self, mut group: Group, outcome: Result<(), FaultKind>) {
        group.end.set(outcome);
        group.writes.clear();
        group.bytes.clear();
        let mut state = self.state();
        state.spare = Some((group.writes, group.bytes));
        if outcome.is_err() {
            let failed = std::mem::replace(&mut state.open, Group::empty());
            drop(state);
            failed.end.set(outcome);
            self.room.notify_waiters();
        }
    }

    /// What says that there is no thread any more, when it is dropped: writes fail, and those who wait learn of it.
    pub(super) fn abandoned_with_this(&self) -> Abandoned<'_, J> {
        Abandoned(self)
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Drop for Abandoned<'_, J> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_abandoned = true;
        let failed = std::mem::replace(&mut state.open, Group::empty());
        let writing = state.writing.take();
        // Who waits for one of them learns that it is dropped.
        state.jobs.clear();
        drop(state);
        for end in writing.iter().chain([&failed.end]) {
            if end.outcome().is_none() {
                end.set(Err(FaultKind::Unavailable));
            }
        }
        self.0.room.notify_waiters();
    }
}

impl Group {
    pub(super) fn empty() -> Self {
        Self {
            durability: Durability::Memory,
            ..Self::default()
        }
    }

    /// An empty one that has its writes in memory that is there.
    fn within((writes, bytes): (Vec<What>, Vec<u8>)) -> Self {
        Self {
            writes,
            bytes,
            ..Self::empty()
        }
    }

    /// What follows is to this collection.
    fn goes_on_with(&mut self, kept: &Arc<Kept>) {
        let is_kept = |target: &Arc<Kept>| Arc::ptr_eq(target, kept);
        if self.targets.get(self.target).is_some_and(is_kept) {
            return;
        }
        self.target = self.targets.iter().position(is_kept).unwrap_or_else(|| {
            self.targets.push(Arc::clone(kept));
            self.targets.len() - 1
        });
        self.writes.push(What::To(self.target));
    }

    fn is_full(&self) -> bool {
        let size = self.bytes.len() + self.writes.len() * OVERHEAD;
        size >= MOST_BYTES || size >= MOST_FOLLOWED && self.targets.iter().any(|target| target.is_followed())
    }
}
