//! Compiles how a rule answers: the steps of its events.

pub(super) mod cardinality;
pub(super) mod outcome;
mod set_places;
pub(super) mod steps;
mod variables;
