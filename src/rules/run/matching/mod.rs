//! Whether a rule matches a call, and what differs if not.

pub(super) mod condition;
mod hidden;
mod metadata;
mod pattern;
