//! One call, answered by the rule that was chosen for it.
//!
//! An [`execution`] owns the state of the call: its messages, variables and loops. [`answer`] goes through the
//! events of the call, and [`steps`] runs the operations of each.

pub(super) mod answer;
mod assign;
pub(super) mod chosen;
mod events;
pub(super) mod execution;
mod failures;
mod loops;
mod messages;
mod outcome;
mod rows;
mod set_for_all;
mod shared_set;
mod steps;
mod timed;
pub(super) mod turn;
mod variables;
mod writing;
mod written;
