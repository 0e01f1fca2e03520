//! Messages as the runner and what it tests exchange them: four bytes of length, big-endian, and the message.

use std::io::{self, Read, Write};

/// Reads a message. Fails with `UnexpectedEof` when there is none.
pub(crate) fn read_prefixed(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    input.read_exact(&mut message)?;
    Ok(message)
}

/// Writes a message.
pub(crate) fn write_prefixed(output: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).expect("messages of the runner are small");
    output.write_all(&length.to_be_bytes())?;
    output.write_all(message)?;
    output.flush()
}
