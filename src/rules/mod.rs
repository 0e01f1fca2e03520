//! Rules: how methods answer, as data.
//!
//! A rules file (YAML) is checked against a schema and compiled into plans when it loads; a session runs a plan
//! for one call, on bytes.

pub(crate) mod expr;
