//! How often the same thing is logged.
//!
//! What any call can cause is not logged for every call: that would fill disks, and hide what matters. A [`Throttle`] lets
//! a few lines pass in each period and counts those that it held back, so that the next line can say how many there were.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Lets one line pass in each period, or a few. It takes no lock, and no memory that grows.
#[derive(Debug)]
pub(crate) struct Throttle {
    lines: u32,
    period: Duration,
    /// When the next period may begin, in milliseconds since the first look at the clock.
    next: AtomicU64,
    /// How many more lines may pass in this period.
    left: AtomicU32,
    held_back: AtomicU64,
}

impl Throttle {
    /// One line in each `period`; the first one passes at once.
    pub(crate) const fn new(period: Duration) -> Self {
        Self::of_lines(1, period)
    }

    /// So many lines in each `period`, which begins with the first of them.
    pub(crate) const fn of_lines(lines: u32, period: Duration) -> Self {
        Self {
            lines,
            period,
            next: AtomicU64::new(0),
            left: AtomicU32::new(0),
            held_back: AtomicU64::new(0),
        }
    }

    /// If a line may pass now: how many were held back since the last one that did. `None` holds this one back.
    pub(crate) fn pass(&self) -> Option<u64> {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        self.pass_at(START.elapsed())
    }

    fn pass_at(&self, now: Duration) -> Option<u64> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (now, following) = (millis(now), millis(now.saturating_add(self.period)));
        let next = self.next.load(Ordering::Relaxed);
        let begins = next <= now
            && self
                .next
                .compare_exchange(next, following, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if begins {
            self.left.store(self.lines - 1, Ordering::Relaxed);
        }
        let take = |left: u32| left.checked_sub(1);
        if begins
            || self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_ok()
        {
            Some(self.held_back.swap(0, Ordering::Relaxed))
        } else {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_passes_in_each_period_and_says_how_many_did_not() {
        let throttle = Throttle::new(Duration::from_mins(1));
        let seconds = |seconds| throttle.pass_at(Duration::from_secs(seconds));
        assert_eq!(seconds(5), Some(0));
        assert_eq!([seconds(5), seconds(40), seconds(64)], [None; 3]);
        assert_eq!(seconds(65), Some(3));
        assert_eq!(seconds(124), None);
        assert_eq!(seconds(1000), Some(1));
    }

    #[test]
    fn lines_over_ten_a_minute_are_counted_and_said_in_the_next() {
        let throttle = Throttle::of_lines(10, Duration::from_mins(1));
        let seconds = |seconds| throttle.pass_at(Duration::from_secs(seconds));
        for _ in 0..10 {
            assert_eq!(seconds(1), Some(0));
        }
        for _ in 0..3 {
            assert_eq!(seconds(1), None);
        }
        assert_eq!(seconds(61), Some(3));
        assert_eq!(seconds(61), Some(0));
    }

    #[test]
    fn of_many_threads_one_passes_and_every_other_is_counted_once() {
        let throttle = Throttle::new(Duration::from_hours(1));
        // Others may be held back, and counted, between the moment in which one begins the period and its look at the count.
        let passed: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..1000).filter_map(|_| throttle.pass()).collect::<Vec<_>>()))
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        assert_eq!(passed.len(), 1);
        let counted_since = throttle.held_back.load(Ordering::Relaxed);
        assert_eq!(passed[0] + counted_since, 7999);
    }
}
