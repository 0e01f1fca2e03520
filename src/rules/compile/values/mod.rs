//! Compiles values that are not messages: texts, variables, durations, metadata and statuses.

pub(super) mod each;
pub(super) mod message_file;
pub(super) mod metadata;
mod page;
pub(super) mod pause;
pub(super) mod sample;
pub(super) mod status;
mod status_hint;
pub(super) mod text;
pub(super) mod value;
