//! How much memory a process holds.

/// Resident memory in KiB of the process with that id, or of this one: `self`.
pub(crate) fn resident_kib(process: &str) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs, and this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.expect("it is told in KiB")
}
