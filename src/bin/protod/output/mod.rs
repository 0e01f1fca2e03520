//! What the commands print: data on stdout, messages on stderr.

pub(crate) mod codes;
pub(crate) mod colour;
pub(crate) mod problems;
pub(crate) mod stderr;
pub(crate) mod stdout;
pub(crate) mod summary;
