//! What the commands print: data on stdout, messages on stderr.
//!
//! Nothing here panics if nobody reads it; `println!` and `eprintln!` would.

pub(crate) mod call_lines;
pub(crate) mod codes;
pub(crate) mod colour;
pub(crate) mod json;
pub(crate) mod log_fields;
pub(crate) mod log_time;
pub(crate) mod queue;
pub(crate) mod report;
pub(crate) mod stderr;
pub(crate) mod stdout;
pub(crate) mod summary;
pub(crate) mod table;
