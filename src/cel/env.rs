//! What an expression reads when it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use http::HeaderMap;

use super::budget::Budget;
use super::store::Store;
use super::values::{EvalError, Evaluated, Value};
use crate::collection::{Collection, Fault};
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
    /// The collections; empty unless some program [uses](super::Uses) them.
    pub(crate) collections: &'e [Collection],
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
            collections: &[],
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
    /// Whether the call may read collections now.
    pub(crate) reads: Reads,
}

/// Whether a call may read collections. A read may wait for a disk, so it is done in a lane, and not before what the call has
/// written is stored, and all that others have stored in a collection of several replicas is here. What reads at another time has
/// no room in the budget, and is begun again. What is in memory and is found at once needs none of that.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    allowed: AtomicBool,
    wanted: AtomicBool,
    noted: Mutex<Noted>,
}

/// What reads have met.
#[derive(Debug, Default)]
struct Noted {
    fault: Option<Fault>,
    /// The collections of several replicas that the call reads. `None` while it is not known whether all is here.
    shared: Vec<(Collection, Option<Result<(), Fault>>)>,
}

impl Reads {
    /// Allows reads, or ends that.
    pub(crate) fn allow(&self, allowed: bool) {
        self.allowed.store(allowed, Ordering::Relaxed);
        self.wanted.store(false, Ordering::Relaxed);
    }

    /// Whether something was to be read when it was not allowed.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Keeps why a collection could not be read or written.
    pub(crate) fn fail(&self, fault: Fault) {
        self.noted().fault = Some(fault);
    }

    /// Why a collection could not be read, once.
    pub(crate) fn take_fault(&self) -> Option<Fault> {
        self.noted().fault.take()
    }

    /// Whether the call reads collections of several replicas, which must [catch up](Self::catch_up) before each lane.
    pub(crate) fn are_shared(&self) -> bool {
        !self.noted().shared.is_empty()
    }

    /// Waits until all is here that others have stored in the collections that the call reads.
    pub(crate) async fn catch_up(&self) {
        let shared: Vec<_> = self
            .noted()
            .shared
            .iter()
            .map(|(collection, _)| collection.clone())
            .collect();
        for (at, collection) in shared.iter().enumerate() {
            let caught_up = collection.caught_up().await;
            self.noted().shared[at].1 = Some(caught_up);
        }
    }

    /// Reads, if that is allowed. What is read `at_once` waits for nothing, and is allowed at any time.
    pub(super) fn read<T>(
        &self,
        collection: &Collection,
        at_once: bool,
        budget: &Budget,
        read: impl FnOnce() -> Result<T, Fault>,
    ) -> Evaluated<T> {
        if at_once {
            return read().map_err(|fault| self.failed(fault));
        }
        let is_allowed = self.allowed.load(Ordering::Relaxed);
        let caught_up = if collection.is_shared() {
            self.caught_up(collection, is_allowed)
        } else {
            is_allowed.then_some(Ok(()))
        };
        let Some(caught_up) = caught_up else {
            self.wanted.store(true, Ordering::Relaxed);
            budget.exhaust();
            return Err(EvalError::new("collections cannot be read here"));
        };
        caught_up
            .and_then(|()| read())
            .map_err(|fault| self.failed(fault))
    }

    /// Why an expression fails that could not read.
    #[cold]
    fn failed(&self, fault: Fault) -> EvalError {
        let text = fault.to_string();
        self.fail(fault);
        EvalError::new(text)
    }

    /// Whether all is here that others have stored in a collection. `None` if that is not known.
    #[cold]
    fn caught_up(&self, collection: &Collection, is_allowed: bool) -> Option<Result<(), Fault>> {
        let mut noted = self.noted();
        let known = noted.shared.iter().find(|(known, _)| known.is(collection));
        if let Some((_, caught_up)) = known {
            return caught_up.clone().filter(|_| is_allowed);
        }
        noted.shared.push((collection.clone(), None));
        None
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
