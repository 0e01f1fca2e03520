//! Compiles how a rule answers: the steps of its events.

mod actions;
mod assignments;
pub(super) mod cardinality;
pub(super) mod collections;
pub(super) mod late_headers;
pub(super) mod outcome;
mod paths;
mod set_places;
pub(super) mod steps;
mod variables;
