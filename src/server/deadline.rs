//! How long a call may take: the server's limits on what its clients ask for.

use std::time::Duration;

/// The server's limits on its clients' deadlines.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DeadlinePolicy {
    /// The time of a call whose client sets no deadline.
    pub(super) default: Option<Duration>,
    /// The most time that any call gets.
    pub(super) max: Option<Duration>,
}

impl DeadlinePolicy {
    /// How long a call may take, if its client gave it `asked`. `None` is no limit.
    pub(super) fn time_for(self, asked: Option<Duration>) -> Option<Duration> {
        let time = asked.or(self.default);
        // Not `Option::min`, which takes `None` for the smallest; here it is no limit.
        match (time, self.max) {
            (Some(time), Some(max)) => Some(time.min(max)),
            (time, max) => time.or(max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_deadlines_are_cut_and_missing_ones_filled_in() {
        let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        for (default, max, asked, expected) in [
            (None, None, None, None),
            (None, None, Some(9), Some(9)),
            (Some(2), None, None, Some(2)),
            (Some(2), None, Some(9), Some(9)),
            (None, Some(5), None, Some(5)),
            (None, Some(5), Some(9), Some(5)),
            (None, Some(5), Some(1), Some(1)),
            (Some(2), Some(5), None, Some(2)),
            (Some(8), Some(5), None, Some(5)),
        ] {
            let policy = DeadlinePolicy {
                default: seconds(default),
                max: seconds(max),
            };
            let time = policy.time_for(seconds(asked));
            assert_eq!(time, seconds(expected), "{policy:?}, {asked:?}");
        }
    }
}
