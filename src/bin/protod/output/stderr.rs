//! Messages on stderr. It does not matter whether anybody reads them: a server goes on when the script that waited for
//! its first line has closed the pipe. `eprintln!` would panic.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Says a text, as it is.
pub(crate) fn say(text: impl Display) {
    let _ = write!(io::stderr().lock(), "{text}");
}

/// Says a line.
pub(crate) fn say_line(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
