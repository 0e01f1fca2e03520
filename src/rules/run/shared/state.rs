//! What rules share between calls, and keep over a reload.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::counters::Counters;
use super::signals::{Listener, Signals};
use crate::cel::Store;

/// The `store`, the counters of `times` and the signals on their way. Cheap to clone; a reload that is given the same
/// state goes on counting.
#[derive(Debug, Clone, Default)]
pub struct RulesState {
    store: Arc<RwLock<Store>>,
    counters: Arc<Counters>,
    signals: Arc<Signals>,
}

impl RulesState {
    /// Nothing counted, nobody listening.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises a signal in every call that handles it; with a key, in those whose key it is. Returns how many calls were
    /// told.
    pub fn signal(&self, name: &str, key: Option<&str>) -> usize {
        self.signals.raise(name, key, None)
    }

    /// The variables that calls share, to be read.
    pub(in crate::rules::run) fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables that calls share, to be changed.
    pub(in crate::rules::run) fn store_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often rules have answered.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Raises a signal in all calls but the one that listens as `except`.
    pub(in crate::rules::run) fn raise(&self, name: &str, key: Option<&str>, except: Option<u64>) -> usize {
        self.signals.raise(name, key, except)
    }

    /// Listens to the signals of those names.
    pub(in crate::rules::run) fn listen(&self, names: impl Iterator<Item = Arc<str>>) -> Listener {
        self.signals.listen(names)
    }
}
