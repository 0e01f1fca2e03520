//! [`Counter`]: what is counted elsewhere, and told with the metrics of the server.

use std::fmt;

/// A number that goes up only, which is not counted by the server.
pub(super) struct Counter {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) value: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
