//! Colour on stderr: on a terminal only, and not if `NO_COLOR` is set.
//!
//! The log and the report of problems ask here, so that both decide alike. See <https://no-color.org>.

use std::io::{IsTerminal as _, stderr};

/// Whether messages on stderr may have colours.
pub(crate) fn is_wanted() -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stderr().is_terminal() && !is_refused
}
