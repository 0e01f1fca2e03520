//! Compiles how a rule answers: the steps of its events.

pub(super) mod cardinality;
pub(super) mod outcome;
pub(super) mod steps;
