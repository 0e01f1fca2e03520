//! The configuration files of buf, as texts.

use std::fs;
use std::path::Path;

/// The name of a lock.
pub(super) const LOCK: &str = "buf.lock";

/// The text of a buf configuration, unless it is too large to be one.
pub(super) fn read_configuration(path: &Path) -> Option<String> {
    const MAX_BYTES: u64 = 16 << 10;

    if fs::metadata(path).ok()?.len() > MAX_BYTES {
        return None;
    }
    fs::read_to_string(path).ok()
}
