//! The configuration files of buf, as texts.

use std::fs;
use std::io;
use std::path::Path;

/// The name of a lock.
pub(super) const LOCK: &str = "buf.lock";

/// The text of a buf configuration, or what is wrong with its file. One that is larger than any with a thousand modules is not
/// read.
pub(super) fn read_configuration(path: &Path) -> Result<String, String> {
    const MAX_BYTES: u64 = 256 << 10;

    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return Err(format!("is too large: more than {MAX_BYTES} bytes"));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let odd = error.utf8_error().valid_up_to();
        format!("is not UTF-8 text: see byte {odd}")
    })
}
