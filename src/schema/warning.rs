//! [`Warning`]: what is not wrong with a proto, and hardly meant.
//!
//! Warnings are kept with the file that they are of, from load to load and in the cache, and told when somebody asks: who checks
//! protos wants them, and who serves them does not. So a warning keeps the path of its element, and no text.

use super::places::Places;
use crate::error::Problem;

/// A warning of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    /// The path of its element in `SourceCodeInfo`.
    pub(super) path: Vec<i32>,
    pub(super) message: String,
    pub(super) hint: String,
}

impl Warning {
    /// The same, as it is shown with its text.
    pub(super) fn placed(&self, places: &Places) -> Problem {
        let problem = places.problem(&self.path, &*self.message);
        problem.with_hint(&*self.hint).into_warning()
    }
}
