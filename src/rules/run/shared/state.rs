//! What rules share between calls, and keep over a reload.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::counters::Counters;
use super::signals::{Listener, Signals};
use crate::cel::Store;

/// The `store`, the counters of `times`, and the calls that handle signals.
///
/// Cheap to clone. Rules that are loaded with the same [state](crate::RulesOptions::state) take the place of those that
/// were loaded before: they go on counting.
///
/// ```
/// use protod::{RulesOptions, RulesState, Schema};
///
/// let state = RulesState::new();
/// let rules = RulesOptions::default().state(&state).beside(&Schema::load("proto")?)?;
/// // … and while a server runs with these rules:
/// let received = state.signal("order-shipped", Some("order 7"));
/// assert_eq!(received, 0, "no call waits for it");
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RulesState {
    store: Arc<RwLock<Store>>,
    counters: Arc<Counters>,
    signals: Arc<Signals>,
}

impl RulesState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises a signal in every call that handles it; with a key, only in calls with the same key. Returns how many calls
    /// received it.
    pub fn signal(&self, name: &str, key: Option<&str>) -> usize {
        self.signals.raise(name, key, None)
    }

    /// The variables that calls share, for reading.
    pub(in crate::rules::run) fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables that calls share, for writing.
    pub(in crate::rules::run) fn store_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often rules have answered.
    pub(in crate::rules) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Raises a signal in all calls except the one that listens as `except`.
    pub(in crate::rules::run) fn raise(&self, name: &str, key: Option<&str>, except: Option<u64>) -> usize {
        self.signals.raise(name, key, except)
    }

    /// How many calls listen to a signal.
    pub(in crate::rules::run) fn listening(&self, name: &str) -> usize {
        self.signals.listening(name)
    }

    /// Listens for the signals of those names.
    pub(in crate::rules::run) fn listen(&self, names: impl Iterator<Item = Arc<str>>) -> Listener {
        self.signals.listen(names)
    }
}
