//! Lanes: how many slow evaluations run at the same time, over all calls.

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::sync::{Semaphore, SemaphorePermit};

/// As many as there are processors. Those who wait are served in the order in which they came.
static LANES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, usize::from)));

/// A place for one slow evaluation, until this is dropped.
#[derive(Debug)]
pub(super) struct Lane(#[expect(dead_code, reason = "it is held")] SemaphorePermit<'static>);

impl Lane {
    /// Waits for a place.
    pub(super) async fn enter() -> Option<Self> {
        // The semaphore is never closed.
        LANES.acquire().await.ok().map(Self)
    }
}
