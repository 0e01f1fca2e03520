//! Compiles what decides whether a rule matches.

pub(super) mod condition;
mod metadata;
mod other_patterns;
mod pattern;
