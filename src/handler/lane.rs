//! Lanes: how much slow work runs at the same time, over all calls.
//!
//! What one call computes may take some milliseconds. If many calls did that at once, all others would wait for all of
//! them. So only a few compute, and the other threads serve meanwhile.

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::turn::out_of_turn;

/// What a call may compute without a lane, in units of the budget of evaluations: a fraction of a millisecond.
pub(crate) const SLICE: u64 = 10_000;

/// As many as there are processors. Those who wait are served in the order in which they came.
static LANES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, usize::from)));

/// A place for slow work of one call, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lane(#[expect(dead_code, reason = "it is held")] SemaphorePermit<'static>);

impl Lane {
    /// Waits for a place.
    pub(crate) async fn enter() -> Option<Self> {
        out_of_turn().await;
        // The semaphore is never closed.
        LANES.acquire().await.ok().map(Self)
    }

    /// Runs what is slow, while the other tasks of this thread go on elsewhere. To be called by who has a lane.
    pub(crate) fn run<T>(work: impl FnOnce() -> T) -> T {
        let can_move =
            Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        if can_move {
            tokio::task::block_in_place(work)
        } else {
            work()
        }
    }
}
