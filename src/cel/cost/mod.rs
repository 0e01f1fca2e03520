//! What the parts of an expression cost, in the units of a [`Budget`](super::Budget).
//!
//! What is the same in each round of a loop is counted at load. What depends on the sizes of values is charged when they are
//! there: for a function by a [`Cost`], which is chosen at load, too.

mod comparison;
mod fixed;
mod function;
mod text;

pub(super) use self::comparison::{charge_comparison, charge_containing, charge_search, comparing_weight};
pub(super) use self::function::{Cost, sorting};
