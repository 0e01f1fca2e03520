//! The counts of a run.
//!
//! Each connection keeps its own, so that callers rarely wait for each other; they are added up at the end. Latencies go
//! into a histogram, which takes the same memory for any number of calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tonic::Status;

/// Latencies are kept to three digits.
const DIGITS: u8 = 3;

/// The counts of the calls over one connection.
#[derive(Debug, Default)]
pub(super) struct Shard {
    sent: AtomicU64,
    received: AtomicU64,
    ended: Mutex<Ended>,
}

impl Shard {
    /// A request goes out.
    pub(super) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A response has come.
    pub(super) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// A call has ended.
    pub(super) fn add(&self, latency: Duration, end: Result<(), Status>) {
        self.with_ended(|ended| ended.add(latency, end));
    }

    /// How many calls have ended.
    pub(super) fn ended(&self) -> u64 {
        self.with_ended(|ended| ended.number())
    }

    fn with_ended<T>(&self, look: impl FnOnce(&mut Ended) -> T) -> T {
        look(&mut self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Calls that have ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    /// Of the calls that ended with OK, in nanoseconds.
    pub(super) latencies: Histogram<u64>,
    /// The others, by code.
    pub(super) failures: BTreeMap<i32, Failures>,
}

/// Calls that ended with the same code.
#[derive(Debug, Clone)]
pub(super) struct Failures {
    pub(super) number: u64,
    /// What the first of them said.
    pub(super) message: String,
}

impl Default for Ended {
    fn default() -> Self {
        Self {
            latencies: Histogram::new(DIGITS).expect("from 0 to 5 digits are allowed"),
            failures: BTreeMap::new(),
        }
    }
}

impl Ended {
    pub(super) fn number(&self) -> u64 {
        self.latencies.len() + self.failed()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failures.values().map(|failures| failures.number).sum()
    }

    fn add(&mut self, latency: Duration, end: Result<(), Status>) {
        match end {
            Ok(()) => {
                let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
                let recorded = self.latencies.record(nanoseconds);
                recorded.expect("a histogram that grows takes any value");
            }
            Err(status) => self.add_failures(status.code().into(), 1, status.message()),
        }
    }

    fn add_failures(&mut self, code: i32, number: u64, message: &str) {
        let failures = self.failures.entry(code).or_insert_with(|| Failures {
            number: 0,
            message: message.to_owned(),
        });
        failures.number += number;
    }

    fn add_all(&mut self, other: &Self) {
        let added = self.latencies.add(&other.latencies);
        added.expect("a histogram that grows takes another's values");
        for (code, failures) in &other.failures {
            self.add_failures(*code, failures.number, &failures.message);
        }
    }
}

/// The results of a run.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) time: Duration,
    /// The CPU time of this client; unknown on some systems.
    pub(super) client_cpu: Option<Duration>,
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) ended: Ended,
    /// Calls that were in flight at the end.
    pub(super) unfinished: u64,
}

impl Measured {
    pub(super) fn new(
        shards: &[Arc<Shard>],
        begun: u64,
        time: Duration,
        client_cpu: Option<Duration>,
    ) -> Self {
        let mut ended = Ended::default();
        for shard in shards {
            shard.with_ended(|other| ended.add_all(other));
        }
        let sum = |count: fn(&Shard) -> &AtomicU64| {
            shards
                .iter()
                .map(|shard| count(shard).load(Ordering::Relaxed))
                .sum()
        };
        Self {
            time,
            client_cpu,
            sent: sum(|shard| &shard.sent),
            received: sum(|shard| &shard.received),
            unfinished: begun.saturating_sub(ended.number()),
            ended,
        }
    }
}
