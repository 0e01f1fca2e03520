//! Protection from descriptors on which prost-reflect panics.
//!
//! Descriptors come from outside, and a panic must not end the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a library on bytes from outside. A panic becomes an error.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .copied()
            .or(panic.downcast_ref::<String>().map(String::as_str));
        format!(
            "the descriptor library failed on it: {}",
            said.unwrap_or("no reason given")
        )
    })
}
