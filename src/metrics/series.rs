//! The counters of the calls of a method that ended alike.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of durations, in milliseconds, for which calls are counted: those of OpenTelemetry's conventions for RPC.
pub(crate) const BOUNDS: [u64; 14] = [
    5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
];

/// What a call adds to the counters when it has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) duration: Duration,
    pub(crate) requests: u64,
    pub(crate) request_bytes: u64,
    pub(crate) responses: u64,
    pub(crate) response_bytes: u64,
}

/// The counters of calls that ended alike.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// How many took up to each of the [`BOUNDS`] and longer than the one before; the last took longer than all.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
    requests: AtomicU64,
    request_bytes: AtomicU64,
    responses: AtomicU64,
    response_bytes: AtomicU64,
}

/// What the counters of a series say at a moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    /// As in [`Series::buckets`].
    pub(crate) buckets: [u64; BOUNDS.len() + 1],
    pub(crate) duration: Duration,
    pub(crate) requests: u64,
    pub(crate) request_bytes: u64,
    pub(crate) responses: u64,
    pub(crate) response_bytes: u64,
}

impl Series {
    pub(super) fn add(&self, counted: &Counted) {
        let took = counted.duration;
        let longer = |bound: &&u64| took > Duration::from_millis(**bound);
        let bucket = BOUNDS.iter().take_while(longer).count();
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        for (counter, more) in [
            (&self.nanoseconds, nanoseconds),
            (&self.requests, counted.requests),
            (&self.request_bytes, counted.request_bytes),
            (&self.responses, counted.responses),
            (&self.response_bytes, counted.response_bytes),
        ] {
            counter.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            buckets: self.buckets.each_ref().map(read),
            duration: Duration::from_nanos(read(&self.nanoseconds)),
            requests: read(&self.requests),
            request_bytes: read(&self.request_bytes),
            responses: read(&self.responses),
            response_bytes: read(&self.response_bytes),
        }
    }
}

impl Totals {
    /// How many calls they are of.
    pub(crate) fn calls(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Both together.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += more;
        }
        self.duration += other.duration;
        self.requests += other.requests;
        self.request_bytes += other.request_bytes;
        self.responses += other.responses;
        self.response_bytes += other.response_bytes;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_in_the_first_bucket_that_it_fits_into() {
        let series = Series::default();
        let took = [0, 5, 6, 1_000, 10_000, 10_001, 3_600_000];
        for millis in took {
            series.add(&Counted {
                duration: Duration::from_millis(millis),
                requests: 1,
                request_bytes: 10,
                responses: 2,
                response_bytes: 20,
            });
        }
        let totals = series.totals();
        let mut expected = [0; BOUNDS.len() + 1];
        (expected[0], expected[1], expected[9], expected[13], expected[14]) = (2, 1, 1, 1, 2);
        assert_eq!(totals.buckets, expected);
        assert_eq!(totals.calls(), 7);
        assert_eq!(totals.duration, Duration::from_millis(took.iter().sum()));
        let twice = totals.and(&totals);
        assert_eq!(
            (twice.calls(), twice.requests, twice.response_bytes),
            (14, 14, 280)
        );
    }
}
