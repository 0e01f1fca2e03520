//! What a compiled expression reads.

use std::ops::{BitOr, BitOrAssign};

/// What a program reads. It decides when a condition can be evaluated, and what a session has to keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    pub(crate) request: bool,
    pub(crate) requests: bool,
    /// `received`.
    pub(crate) received: bool,
    pub(crate) metadata: bool,
    pub(crate) state: bool,
    pub(crate) store: bool,
    /// A collection. What is in it differs from one evaluation to the next, so this is [`volatile`](Self::volatile), too.
    pub(crate) collections: bool,
    pub(crate) locals: bool,
    /// `call.count`.
    pub(crate) count: bool,
    /// `now`, `random()`, `uuid()`, `received`, `call`: a different value on each evaluation or call.
    pub(crate) volatile: bool,
    /// `random()`, `uuid()`: of those, what differs each time that the same call evaluates it.
    pub(crate) random: bool,
}

impl Uses {
    /// Whether any message must have come.
    pub(crate) fn reads_messages(self) -> bool {
        self.request || self.reads_all_messages()
    }

    /// Whether all messages must have come: which they are, or how many.
    pub(crate) fn reads_all_messages(self) -> bool {
        self.requests || self.received
    }
}

/// What two programs read together.
impl BitOr for Uses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            request: self.request | other.request,
            requests: self.requests | other.requests,
            received: self.received | other.received,
            metadata: self.metadata | other.metadata,
            state: self.state | other.state,
            store: self.store | other.store,
            collections: self.collections | other.collections,
            locals: self.locals | other.locals,
            count: self.count | other.count,
            volatile: self.volatile | other.volatile,
            random: self.random | other.random,
        }
    }
}

impl BitOrAssign for Uses {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}
