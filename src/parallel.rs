//! Work on many files or folders, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer items than this are not worth a thread.
const ITEMS_A_THREAD: usize = 32;

/// How many items a thread takes at a time.
const ITEMS_A_TURN: usize = 4;

/// The results of `work` for the numbers from 0 to `count`, in order.
pub(crate) fn map<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let threads = match count / ITEMS_A_THREAD {
        0 | 1 => 1,
        useful => thread::available_parallelism().map_or(1, usize::from).min(useful),
    };
    if threads == 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(ITEMS_A_TURN, Ordering::Relaxed);
            if start >= count {
                return done;
            }
            done.extend((start..count.min(start + ITEMS_A_TURN)).map(|index| (index, work(index))));
        }
    };
    let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
    thread::scope(|scope| {
        // Where no thread can be had, this one does their work.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, take_turns).ok())
            .collect();
        let mut done = take_turns();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        for (index, result) in done {
            results[index] = Some(result);
        }
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_order_however_many_there_are() {
        for count in [0, 1, 31, 64, 1_000] {
            let expected: Vec<usize> = (0..count).map(|index| index * 2).collect();
            assert_eq!(super::map(count, |index| index * 2), expected);
        }
    }
}
