//! What rules share between calls, and keep over a reload.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::mpsc;

use super::times::Counter;
use crate::cel::Store;

/// The `store`, the counters of `times` and the signals on their way. Cheap to clone; a reload that is given the same state
/// goes on counting.
#[derive(Debug, Clone, Default)]
pub struct RulesState {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    store: RwLock<Store>,
    /// By the rule's file, and its name: files may have rules of the same name.
    counters: Mutex<HashMap<String, CountersOfFile>>,
    listeners: Mutex<Listeners>,
}

type CountersOfFile = HashMap<Arc<str>, Arc<Counter>>;

#[derive(Debug, Default)]
struct Listeners {
    next: u64,
    by_signal: HashMap<Arc<str>, Vec<(u64, mpsc::Sender<Signal>)>>,
}

/// A signal that was raised.
#[derive(Debug, Clone)]
pub(crate) struct Signal {
    pub(crate) name: Arc<str>,
    pub(crate) key: Option<Arc<str>>,
}

/// A call that handles signals; it stops listening when this is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    state: RulesState,
    id: u64,
    names: Vec<Arc<str>>,
    pub(crate) signals: mpsc::Receiver<Signal>,
}

/// Signals that wait for one call; more are dropped.
const WAITING: usize = 1024;

impl RulesState {
    /// Nothing counted, nobody listening.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises a signal in every call that handles it; with a key, in those whose key it is. Gives how many heard.
    pub fn signal(&self, name: &str, key: Option<&str>) -> usize {
        self.raise(name, key, None)
    }

    /// The variables that calls share, to be read.
    pub(crate) fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.inner.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables that calls share, to be changed.
    pub(crate) fn store_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.inner.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counter of a rule of that file.
    pub(crate) fn counter(&self, file: &str, rule: &Arc<str>) -> Arc<Counter> {
        let mut counters = self.inner.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let of_file = counters.entry(file.to_owned()).or_default();
        Arc::clone(of_file.entry(Arc::clone(rule)).or_default())
    }

    /// Raises a signal in all calls but the one that listens as `except`.
    pub(crate) fn raise(&self, name: &str, key: Option<&str>, except: Option<u64>) -> usize {
        let listeners = self
            .inner
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some((name, calls)) = listeners.by_signal.get_key_value(name) else {
            return 0;
        };
        let signal = Signal {
            name: Arc::clone(name),
            key: key.map(Arc::from),
        };
        let heard = |(id, sender): &&(u64, mpsc::Sender<Signal>)| {
            let other = Some(*id) != except;
            let sent = other && sender.try_send(signal.clone()).is_ok();
            if other && !sent {
                tracing::warn!(target: "protod::rules", signal = &*signal.name, "a call is too slow for its signals");
            }
            sent
        };
        calls.iter().filter(heard).count()
    }

    /// Listens to the signals of those names.
    pub(crate) fn listen(&self, names: impl Iterator<Item = Arc<str>>) -> Listener {
        let (sender, signals) = mpsc::channel(WAITING);
        let names: Vec<Arc<str>> = names.collect();
        let mut listeners = self
            .inner
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let id = listeners.next;
        listeners.next += 1;
        for name in &names {
            listeners
                .by_signal
                .entry(Arc::clone(name))
                .or_default()
                .push((id, sender.clone()));
        }
        drop(listeners);
        Listener {
            state: self.clone(),
            id,
            names,
            signals,
        }
    }
}

impl Listener {
    /// Its own number: what it raises itself it does not hear.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self
            .state
            .inner
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for name in &self.names {
            if let Some(calls) = listeners.by_signal.get_mut(name) {
                calls.retain(|(id, _)| *id != self.id);
                if calls.is_empty() {
                    listeners.by_signal.remove(name);
                }
            }
        }
    }
}
