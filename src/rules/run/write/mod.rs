//! Writes what rules answer with: messages, texts, values, metadata and statuses.

mod each;
mod metadata;
mod pause;
mod sample;
mod status;
pub(super) mod template;
mod text;
mod value;
