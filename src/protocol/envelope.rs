//! The prefix of each message on the wire: a flag byte, which says whether the message is compressed, and its length
//! in four bytes.

use tonic::Status;

/// The bytes of the prefix.
pub(crate) const PREFIX: usize = 5;

/// Writes the length of the message that follows the prefix at `start`.
#[inline]
pub(crate) fn fill_prefix(frames: &mut [u8], start: usize, max_size: usize) -> Result<(), Status> {
    let size = frames.len() - start - PREFIX;
    match u32::try_from(size) {
        Ok(length) if size <= max_size => {
            frames[start + 1..start + PREFIX].copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        _ => Err(too_large(&format!(" of {size} bytes"), max_size)),
    }
}

/// The status of a call one of whose messages is over the limit; `size` is said of the message.
#[cold]
pub(crate) fn too_large(size: &str, max_size: usize) -> Status {
    Status::resource_exhausted(format!(
        "a message{size} is larger than the limit of {max_size} bytes"
    ))
}
