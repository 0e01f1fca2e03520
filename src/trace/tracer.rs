//! [`Tracer`]: the spans that wait to be sent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::ids::TraceId;
use super::sampler::TraceSampler;
use super::span::Span;

/// Makes spans of the calls of a server, and keeps them until they are sent. Cheap to clone: all clones are the same.
///
/// No call waits for it: a span that finds 2,048 others is dropped and counted.
///
/// ```
/// use protod::trace::{TraceSampler, Tracer};
/// use protod::{Schema, Server};
///
/// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
/// let tracer = Tracer::new(TraceSampler::default());
/// let server = Server::builder(schema).traces(&tracer).build()?;
/// assert_eq!(tracer.stats().queued, 0);
/// # let _ = server;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tracer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sampler: TraceSampler,
    queue: Mutex<VecDeque<Span>>,
    /// There is a first span in the queue, or enough for a batch.
    arrived: Notify,
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// What has become of the spans of a [`Tracer`], which has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceStats {
    /// How many were sent and taken.
    pub exported: u64,
    /// How many were dropped because too many waited.
    pub dropped: u64,
    /// How many could not be sent, or were refused.
    pub failed: u64,
    /// How many wait.
    pub queued: usize,
}

impl Tracer {
    /// How many spans wait at most.
    pub(crate) const MOST: usize = 2048;

    /// How many spans are sent together at most.
    pub(crate) const BATCH: usize = 512;

    /// A tracer whose queue is empty.
    pub fn new(sampler: TraceSampler) -> Self {
        Self(Arc::new(Shared {
            sampler,
            queue: Mutex::default(),
            arrived: Notify::new(),
            exported: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }))
    }

    /// What has become of its spans so far.
    pub fn stats(&self) -> TraceStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TraceStats {
            exported: read(&self.0.exported),
            dropped: read(&self.0.dropped),
            failed: read(&self.0.failed),
            queued: self.queue().len(),
        }
    }

    pub(super) fn samples(&self, trace: &TraceId, parent: Option<bool>) -> bool {
        self.0.sampler.samples(trace, parent)
    }

    /// Adds a span, or drops it.
    pub(crate) fn add(&self, span: Span) {
        let waiting = {
            let mut queue = self.queue();
            if queue.len() >= Self::MOST {
                self.0.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            queue.push_back(span);
            queue.len()
        };
        if waiting == 1 || waiting == Self::BATCH {
            self.0.arrived.notify_one();
        }
    }

    /// Waits for spans, and once there is one, up to `delay` for a whole batch. Cancel safe: what is not returned stays in the
    /// queue.
    pub(crate) async fn batch(&self, delay: Duration) -> Vec<Span> {
        let waiting = || self.queue().len();
        while waiting() == 0 {
            self.0.arrived.notified().await;
        }
        let full = async {
            while waiting() < Self::BATCH {
                self.0.arrived.notified().await;
            }
        };
        // After the delay what is there is enough.
        let _ = timeout(delay, full).await;
        self.take()
    }

    /// The oldest spans, as many as are sent together.
    pub(crate) fn take(&self) -> Vec<Span> {
        let mut queue = self.queue();
        let count = queue.len().min(Self::BATCH);
        queue.drain(..count).collect()
    }

    /// Counts what has become of spans that were taken.
    pub(crate) fn told(&self, exported: u64, failed: u64) {
        self.0.exported.fetch_add(exported, Ordering::Relaxed);
        self.0.failed.fetch_add(failed, Ordering::Relaxed);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Span>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
