//! Whether a rule matches a call, and what differs if not.

pub(super) mod condition;
mod metadata;
mod pattern;
