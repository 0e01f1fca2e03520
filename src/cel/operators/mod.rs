//! Operators on values whose types are known only when they run, and the typed forms of the common ones.

mod containers;
mod math;
mod relation;

pub(super) use self::containers::{contains, index};
pub(super) use self::math::{Math, negate};
pub(super) use self::relation::Relation;
