//! The CPU time of the client itself: a load generator that is busy all the time measures itself.
//!
//! It is read from /proc, so that no crate and no unsafe code is needed; other systems do without it.

use std::time::Duration;

/// CPU time of this process, user and system, where /proc has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct CpuTime(Option<Duration>);

/// /proc counts in hundredths of a second, whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

impl CpuTime {
    /// The time used so far.
    pub(super) fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").ok();
        Self(stat.and_then(|stat| in_stat(&stat)))
    }

    /// The time used since then.
    pub(super) fn since(Self(then): Self) -> Option<Duration> {
        let Self(now) = Self::now();
        now?.checked_sub(then?)
    }
}

/// Fields 14 and 15 of proc(5)'s stat; the name before them stands in parentheses and may hold anything.
fn in_stat(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let stat = "12 (a) b) S 1 12 12 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 8 9 10";
        assert_eq!(in_stat(stat), Some(Duration::from_secs(3)));
        assert_eq!(in_stat("12 (a) S 1"), None);
    }
}
