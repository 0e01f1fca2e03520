//! [`PublishOptions`]: how a generation is published.

use std::time::Duration;

/// How a generation is published: what [`Fleet::publish`](super::Fleet::publish) takes.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct PublishOptions {
    pub(super) timeout: Duration,
    pub(super) check_only: bool,
}

impl Default for PublishOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            check_only: false,
        }
    }
}

impl PublishOptions {
    /// How long replicas may take to load and check it. Those that have not answered then have refused it. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether replicas only check it, and it is not served. Default: no.
    pub fn check_only(mut self, on: bool) -> Self {
        self.check_only = on;
        self
    }
}
