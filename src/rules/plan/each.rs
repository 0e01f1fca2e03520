//! Loops in templates: a list or a map made from the elements of another.

use super::value::ValueTemplate;
use crate::cel::Program;

/// What a loop of a template goes over. What it makes of each element is kept beside it.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) list: Program,
    /// Whether an element comes with its index, or the value of a map with its key.
    pub(crate) pairs: bool,
    /// Which elements are taken.
    pub(crate) when: Option<Program>,
    /// How many of those are left out at the begin.
    pub(crate) skip: Option<ValueTemplate>,
    /// How many are taken at most.
    pub(crate) limit: Option<ValueTemplate>,
    /// What a round costs, apart from what depends on the sizes of values.
    pub(crate) cost: u64,
}
