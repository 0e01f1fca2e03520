//! Writes what rules answer with: messages, texts, values, metadata and statuses.

mod metadata;
mod status;
pub(super) mod template;
mod text;
mod value;
