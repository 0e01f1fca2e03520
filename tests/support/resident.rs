//! How much memory a process holds.

/// Resident memory of a process in KiB: `VmRSS` for the current value, `VmHWM` for the highest.
pub(crate) fn resident_kib(process: u32, key: &str) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs, and this is Linux");
    let line = status.lines().find(|line| line.starts_with(key));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.expect("a number of KiB")
}
