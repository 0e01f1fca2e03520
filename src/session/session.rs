//! [`Session`]: one session, for as long as somebody uses it.
//!
//! Who holds one uses the session: a call, or Rust code. It is idle from when the last of them lets go, which costs a look at
//! the clock each time, and nobody has to tell it.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use super::beside::Beside;
use super::id::SessionId;
use super::mark::Mark;

/// A session of a server: calls that are kept apart from all others. [`Sessions`](super::Sessions) makes and gives them. Cheap
/// to clone.
///
/// A call is of the session that its metadata `protod-session` names, or the member of that name of the W3C header `baggage`.
/// Each session has its own counters of rules, its own `store` and its own signals. It ends when it is
/// [ended](super::Sessions::end), or when it was idle for its [time to live](super::SessionOptions::ttl): it is not
/// while a call of it is in flight, or while a `Session` of it is held. Calls in flight keep what they have of it when it ends.
#[derive(Clone)]
pub struct Session(Arc<Kept>);

/// One session of [`Sessions::list`](super::Sessions::list), as it is at that moment. To list it is not to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedSession {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: SystemTime,
    /// When it ends by itself, if nobody uses it from now on.
    pub expires: SystemTime,
    /// How many calls of it have begun.
    pub calls: u64,
    /// Sessions that are made later have higher ones.
    pub(crate) number: u64,
}

/// What the server keeps of a session.
pub(super) struct Kept {
    pub(super) id: SessionId,
    created: SystemTime,
    born: Instant,
    ttl: Duration,
    /// When it was used last, in nanoseconds after it was made.
    used: AtomicU64,
    calls: AtomicU64,
    mark: Mark,
    /// What is kept for it beside what all calls share.
    beside: RwLock<Beside<dyn Any + Send + Sync>>,
}

impl Kept {
    pub(super) fn new(name: String, ttl: Duration) -> Self {
        Self {
            id: SessionId::new(name),
            created: SystemTime::now(),
            born: Instant::now(),
            ttl,
            used: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            mark: Mark::default(),
            beside: RwLock::default(),
        }
    }

    fn used_now(&self) {
        let age = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.used.fetch_max(age, Ordering::Relaxed);
    }

    /// For how long it has been idle. `self` is what the server holds: if somebody else does too, it is in use.
    fn idle(self: &Arc<Self>) -> Duration {
        if Arc::strong_count(self) > 1 {
            return Duration::ZERO;
        }
        let used = Duration::from_nanos(self.used.load(Ordering::Relaxed));
        self.born.elapsed().saturating_sub(used)
    }

    /// After which time it is over if nobody uses it.
    pub(super) fn left(self: &Arc<Self>) -> Duration {
        self.ttl.saturating_sub(self.idle())
    }

    /// Whether it has been idle for its time.
    pub(super) fn is_over(self: &Arc<Self>) -> bool {
        self.left().is_zero()
    }

    pub(super) fn listed(self: &Arc<Self>) -> ListedSession {
        ListedSession {
            name: self.id.name().to_owned(),
            created: self.created,
            expires: SystemTime::now() + self.left(),
            calls: self.calls.load(Ordering::Relaxed),
            number: self.id.number(),
        }
    }
}

impl Session {
    pub(super) fn of(kept: &Arc<Kept>) -> Self {
        Self(Arc::clone(kept))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.id.name()
    }

    /// Which one it is, for who must not keep it from ending.
    pub(crate) fn id(&self) -> &SessionId {
        &self.0.id
    }

    /// When it was made.
    pub fn created(&self) -> SystemTime {
        self.0.created
    }

    /// How long it may be idle.
    pub fn ttl(&self) -> Duration {
        self.0.ttl
    }

    /// How many calls of it have begun.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// What a list would say of it now.
    #[cfg(feature = "admin")]
    pub(crate) fn listed(&self) -> ListedSession {
        self.0.listed()
    }

    /// A call of it begins.
    pub(super) fn count_call(&self) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// What the journal knows its calls by.
    pub(crate) fn mark(&self) -> &Mark {
        &self.0.mark
    }

    /// What is kept for the session beside `other`, which all calls share. It is made when it is first asked for, and goes
    /// with the session, or with the other.
    pub(crate) fn beside<T: Any + Send + Sync>(&self, other: &Arc<T>, make: impl FnOnce() -> T) -> Arc<T> {
        let other: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(other);
        let beside = self.0.beside.read().unwrap_or_else(PoisonError::into_inner);
        let found = beside.get(&other).cloned();
        drop(beside);
        let found = found.unwrap_or_else(|| {
            // Before the lock, because it may ask for what is beside something else. If somebody is faster, it is dropped.
            let made: Arc<dyn Any + Send + Sync> = Arc::new(make());
            let mut beside = self.0.beside.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(beside.get_or_insert(&other, || made))
        });
        found.downcast().expect("beside each stands one of its own type")
    }
}

/// It was in use until now.
impl Drop for Session {
    fn drop(&mut self) {
        self.0.used_now();
    }
}

/// Two are the same if calls of the one are calls of the other.
impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Session {}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("name", &self.id.name())
            .finish_non_exhaustive()
    }
}
