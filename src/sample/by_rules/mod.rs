//! Values within their `buf.validate` rules, or as their names suggest if they have none.
//!
//! Each file makes up one kind of value: it asks `by_name` for suggestions, and searches further if the rules refuse them.

pub(super) mod enums;
pub(super) mod numbers;
mod pattern;
pub(super) mod text;
pub(super) mod times;
