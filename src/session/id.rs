//! [`SessionId`]: which session it is, for who must not keep it from ending.
//!
//! A name is not enough: when a session has ended, another one may have its name.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a session, and a number that no other one has: those that are made later have higher ones. Cheap to clone. To
/// hold it is not to use the session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionId {
    number: u64,
    name: Arc<str>,
}

impl SessionId {
    pub(super) fn new(name: String) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
        }
    }

    /// The name of the session.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of the session.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The name, to be held.
    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.name, self.number)
    }
}
