//! Signals from one call to others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::throttle::Throttle;

/// The calls that handle signals.
#[derive(Debug)]
pub(in crate::rules::run) struct Signals {
    listeners: Mutex<Listeners>,
    /// Held back are the lines that say that a signal was dropped.
    drops: Throttle,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            listeners: Mutex::default(),
            drops: Throttle::new(Duration::from_mins(1)),
        }
    }
}

#[derive(Debug, Default)]
struct Listeners {
    next: u64,
    by_signal: HashMap<Arc<str>, Vec<(u64, mpsc::Sender<Signal>)>>,
}

/// A signal that was raised.
#[derive(Debug, Clone)]
pub(in crate::rules::run) struct Signal {
    pub(in crate::rules::run) name: Arc<str>,
    pub(in crate::rules::run) key: Option<Arc<str>>,
}

/// A call that handles signals; it stops listening when this is dropped.
#[derive(Debug)]
pub(in crate::rules::run) struct Listener {
    signals: Arc<Signals>,
    id: u64,
    names: Vec<Arc<str>>,
    received: mpsc::Receiver<Signal>,
}

/// How many signals wait for one call; more are dropped.
const WAITING: usize = 1024;

impl Signals {
    /// Raises a signal in every call that handles it, except in the one that listens as `except`; with a key, only in
    /// calls with the same key, which each of them sees to itself. Returns how many calls it was handed to.
    pub(in crate::rules::run) fn raise(&self, name: &str, key: Option<&str>, except: Option<u64>) -> usize {
        let listeners = self.listeners();
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
            if other
                && !sent
                && let Some(more) = self.drops.pass()
            {
                tracing::warn!(
                    target: "protod::rules", signal = &*signal.name, more,
                    "a call is too slow for its signals: one was dropped"
                );
            }
            sent
        };
        calls.iter().filter(heard).count()
    }

    /// How many calls handle a signal.
    pub(in crate::rules::run) fn listening(&self, name: &str) -> usize {
        self.listeners().by_signal.get(name).map_or(0, Vec::len)
    }

    /// Listens for the signals of those names.
    pub(in crate::rules::run) fn listen(self: &Arc<Self>, names: impl Iterator<Item = Arc<str>>) -> Listener {
        let (sender, received) = mpsc::channel(WAITING);
        let names: Vec<Arc<str>> = names.collect();
        let mut listeners = self.listeners();
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
            signals: Arc::clone(self),
            id,
            names,
            received,
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Its own number: a call does not hear the signals that it raises itself.
    pub(in crate::rules::run) fn id(&self) -> u64 {
        self.id
    }

    /// Waits for the next signal.
    pub(in crate::rules::run) async fn next(&mut self) -> Option<Signal> {
        self.received.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.signals.listeners();
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
