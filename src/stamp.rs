//! [`Stamp`]: what shows, without reading a file, that it has not been written.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// The resolution of file times: two writes that are further apart than this have different times.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A file that was written less than this ago may be half written.
pub(crate) const SETTLING_TIME: Duration = Duration::from_millis(20);

/// What shows, without reading a file, that it has not been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When it was last written, renamed or replaced.
    pub(crate) changed: SystemTime,
    pub(crate) size: u64,
    pub(crate) inode: u64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let (changed, inode) = identity(metadata);
        Self {
            changed,
            size: metadata.len(),
            inode,
        }
    }

    /// Whether the file may have been written after it was loaded, at `since` or later. A time in the future is from
    /// another clock, and does not count.
    pub(crate) fn is_fresh(self, since: SystemTime) -> bool {
        self.changed + TICK >= since && self.changed <= since.max(SystemTime::now()) + TICK
    }
}

/// The moment from which a change of a file shows that it may not be read yet: now, and a little before.
pub(crate) fn moment() -> SystemTime {
    SystemTime::now() - SETTLING_TIME
}

/// When a file was last changed, and its inode. Programs can set the time of writing, but not that of the inode.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (SystemTime, u64) {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
    let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or(0);
    let since = Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
    (SystemTime::UNIX_EPOCH + since, metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> (SystemTime, u64) {
    (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), 0)
}
