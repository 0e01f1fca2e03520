//! What the system knows of this process, on Linux.

use std::fs;
use std::time::Duration;

/// In how many parts the times of /proc divide a second: `USER_HZ`, which is 100 wherever Rust runs on Linux.
const TICKS: u64 = 100;

/// What the system knows of this process.
#[derive(Debug)]
pub(super) struct Process {
    /// How long it has computed, in user mode and in the kernel.
    pub(super) cpu: Duration,
    pub(super) resident_bytes: u64,
    /// When it was started, since 1970.
    pub(super) start: Option<Duration>,
}

impl Process {
    /// Reads it from /proc. `None` where there is none.
    pub(super) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let boot = fs::read_to_string("/proc/stat").ok();
        Self::of(&stat, &status, boot.as_deref().unwrap_or_default())
    }

    /// `stat` and `status` are the files of the process, `boot` is that of the machine. proc(5) describes them.
    fn of(stat: &str, status: &str, boot: &str) -> Option<Self> {
        // The name of the program is in parentheses, and may have some itself.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // The first of these is the third of the file.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let (user, system) = (field(14)?, field(15)?);
        let resident = number_after(status, "VmRSS:")?;
        let start = number_after(boot, "btime ").zip(field(22));
        Some(Self {
            cpu: ticks(user + system),
            resident_bytes: resident * 1024,
            start: start.map(|(boot, since)| Duration::from_secs(boot) + ticks(since)),
        })
    }
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// The number in the line that begins so.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    lines.next()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_proc_are_read_as_proc_5_describes_them() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 9 0 1234 1 2 3";
        let status = "Name:\ta\nVmHWM:\t  9 kB\nVmRSS:\t     2048 kB\nThreads:\t9\n";
        let process = Process::of(stat, status, "cpu 1 2\nbtime 1700000000\n").expect("it is sound");
        assert_eq!(process.cpu, Duration::from_secs(2));
        assert_eq!(process.resident_bytes, 2 << 20);
        assert_eq!(process.start, Some(Duration::from_millis(1_700_000_012_340)));
        assert!(Process::of("", status, "").is_none());
        assert!(Process::of(stat, status, "").is_some_and(|process| process.start.is_none()));
    }
}
