//! Data on stdout.
//!
//! A reader that has gone, such as `head`, has seen enough: that is no failure. `println!` would panic.

use std::io::{self, Write as _};

use crate::failure::Failure;

/// Prints text, as it is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes())
}

/// Writes data, as it is.
pub(crate) fn write(data: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(data).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(error)),
        _ => Ok(()),
    }
}

pub(crate) fn unwritable(error: io::Error) -> Failure {
    Failure::caused("cannot write to stdout", error)
}
