//! Operators: the types that they take, and what they do with values.

mod containers;
mod math;
mod relation;

pub(super) use self::containers::{contains, index};
pub(super) use self::math::{Math, negate};
pub(super) use self::relation::Relation;
