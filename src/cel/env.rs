//! What an expression reads when it runs.

use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use http::HeaderMap;

use super::budget::Budget;
use super::store::Store;
use super::values::Value;
use crate::message::Picked;
use crate::schema::Layouts;

/// What an expression reads at run time. The lifetime is that of the event that runs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Env<'e> {
    pub(crate) layouts: &'e Layouts,
    /// The current message: its checked bytes and its picked fields.
    pub(crate) request: Option<(&'e [u8], &'e Picked)>,
    /// All messages so far, checked; empty unless some program [uses](super::Uses) them.
    pub(crate) requests: &'e [Bytes],
    /// How many messages have come, the current one included.
    pub(crate) received: u64,
    /// The client's headers.
    pub(crate) metadata: &'e HeaderMap,
    pub(crate) state: &'e [Value<'static>],
    /// The variables that calls share; empty unless some program [uses](super::Uses) them.
    pub(crate) store: &'e Store,
    pub(crate) locals: &'e [Value<'static>],
    /// The loop of a template that is running, the innermost one.
    pub(crate) round: Option<&'e Round<'e>>,
    pub(crate) call: &'e CallFacts,
}

/// One round of a loop in a template. Loops within each other are a chain, so that a round copies nothing of those around it.
#[derive(Debug)]
pub(crate) struct Round<'e> {
    /// The element, or the key and the value.
    pub(crate) variables: [Value<'e>; 2],
    /// The round of the loop around this one.
    pub(crate) outer: Option<&'e Round<'e>>,
}

// What is read where there is no call.
static NO_METADATA: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
static NO_STORE: LazyLock<Store> = LazyLock::new(Store::default);

impl<'e> Env<'e> {
    /// The environment of what reads nothing of a call: constants, and constraints.
    pub(crate) fn without_call(layouts: &'e Layouts, call: &'e CallFacts) -> Self {
        Self {
            layouts,
            request: None,
            requests: &[],
            received: 0,
            metadata: &NO_METADATA,
            state: &[],
            store: &NO_STORE,
            locals: &[],
            round: None,
            call,
        }
    }
}

/// What `call` names.
#[derive(Debug, Default)]
pub(crate) struct CallFacts {
    /// `package.Service/Method`.
    pub(crate) method: String,
    /// The client's address.
    pub(crate) peer: String,
    /// Unique among the calls of this server.
    pub(crate) id: u64,
    /// How many calls the rule has answered, this one included. 0 if they are not counted.
    pub(crate) count: u64,
    /// With a seed, it and `id` decide what `random()` and `uuid()` give.
    pub(crate) seed: Option<u64>,
    /// The time of the event that runs: read once, so that it is the same for all expressions of the event.
    pub(crate) now: OnceLock<(i64, i32)>,
    /// How many random numbers were drawn.
    pub(crate) drawn: AtomicU64,
    /// What the evaluations of the call may still cost.
    pub(crate) budget: Budget,
}
