//! Values within their `buf.validate` rules, or as their names suggest if they have none.

pub(super) mod enums;
pub(super) mod numbers;
mod pattern;
pub(super) mod text;
pub(super) mod times;
