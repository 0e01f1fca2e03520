//! What checks the requests of a method before its handler sees them, and how far it is with those of a call.

use std::sync::Arc;

use tonic::Status;

use super::framing::Incoming;
use crate::message::{Bounds, MessageError, check};
use crate::schema::Method;

/// Checks requests.
pub(crate) trait RequestCheck: Send + Sync {
    /// Checks the bytes of a request, which are well formed.
    fn check(&self, request: &[u8], effort: Effort) -> Result<(), Refusal>;
}

/// What a check may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As much as a call may compute in its [turn](super::lane::SLICE).
    Turn,
    /// As much as a check may cost at all.
    All,
}

/// Why a request is not let through.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// What the call ends with.
    Status(Status),
    /// The check would cost more than it may; what the call ends with if there is no more room.
    TooCostly(Status),
}

impl Refusal {
    pub(crate) fn into_status(self) -> Status {
        match self {
            Self::Status(status) | Self::TooCostly(status) => status,
        }
    }
}

/// The check of the requests of one call.
pub(super) struct Checks {
    /// `None` if they are taken as they come.
    requests: Option<Arc<dyn RequestCheck>>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Each request is checked when it comes.
    Ready,
    /// A request has come whose check is not over.
    Begun,
    /// The handler asks for the check of each request itself, once it knows that it is well formed.
    Held,
}

impl Checks {
    pub(super) fn new(requests: Option<Arc<dyn RequestCheck>>) -> Self {
        Self {
            requests,
            state: State::Ready,
        }
    }

    /// Whether requests are checked.
    #[inline]
    pub(super) fn are_on(&self) -> bool {
        self.requests.is_some()
    }

    /// Whether the check of a request was begun, and is not over.
    #[inline]
    pub(super) fn is_begun(&self) -> bool {
        self.state == State::Begun
    }

    /// A request has come. Returns whether it is to be checked now.
    #[inline]
    pub(super) fn begin(&mut self) -> bool {
        let begins = self.requests.is_some() && self.state == State::Ready;
        if begins {
            self.state = State::Begun;
        }
        begins
    }

    /// The check that was begun is over.
    pub(super) fn finish(&mut self) {
        self.state = State::Ready;
    }

    /// From now on the handler asks for the check of each request itself.
    pub(super) fn hold(&mut self) {
        self.state = State::Held;
    }

    /// From now on each request is checked when it comes, or none is.
    pub(super) fn set(&mut self, on: bool) {
        self.state = State::Ready;
        if !on {
            self.requests = None;
        }
    }

    /// Checks the request of a method that has just come, if requests are checked: whether they are well formed, unless the handler
    /// knows that, and then the rest.
    pub(super) fn check(
        &self,
        method: &Method,
        bounds: Bounds,
        incoming: &Incoming,
        effort: Effort,
    ) -> Result<(), Refusal> {
        let request = incoming.bytes();
        let Some(requests) = &self.requests else {
            return Ok(());
        };
        if self.state != State::Held {
            check(method.layouts(), method.input_layout(), request, bounds)
                .map_err(|malformed| incoming.fault(MessageError::from(malformed).into()))
                .map_err(Refusal::Status)?;
        }
        requests.check(request, effort)
    }
}
