//! Servers that share what their rules keep.

use std::time::{Duration, Instant};

use protod::{Collections, JetStream, JetStreamOptions, RulesOptions, RulesState};

use crate::broker::Brokers;
use crate::rules::{Running, kinds};

/// How long something may take that happens elsewhere, on a machine with other work.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A server that shares with others, each by a connection of its own.
pub(crate) struct Replica {
    pub(crate) server: Running,
    pub(crate) state: RulesState,
    pub(crate) store: JetStream,
}

impl Replica {
    /// One with rules for `kinds.proto`, which has reached the brokers.
    pub(crate) async fn start(brokers: &Brokers, rules: &str) -> Self {
        Self::start_at(&brokers.url(), rules).await
    }

    /// One that reaches them at that address, and has.
    pub(crate) async fn start_at(url: &str, rules: &str) -> Self {
        let replica = Self::start_without(url, rules).await;
        replica.await_connected(true).await;
        replica
    }

    /// One that may not reach a broker yet.
    pub(crate) async fn start_without(url: &str, rules: &str) -> Self {
        let store = JetStream::open(&JetStreamOptions::new(url)).expect("opened");
        let collections = Collections::shared(&store, Collections::in_memory());
        let state = RulesState::shared(&store, &collections);
        let options = RulesOptions::default().state(&state);
        Self {
            server: Running::with(kinds(), &options, rules).await,
            state,
            store,
        }
    }

    /// Three of them.
    pub(crate) async fn three(brokers: &Brokers, rules: &str) -> Vec<Self> {
        let mut replicas = Vec::new();
        for _ in 0..3 {
            replicas.push(Self::start(brokers, rules).await);
        }
        replicas
    }

    pub(crate) async fn await_connected(&self, there: bool) {
        eventually("the broker", || async { self.store.is_connected() == there }).await;
    }

    /// The text of the answer to a call, or the code that it ends with.
    pub(crate) async fn text(&self, request: &str) -> String {
        let mut outcome = self.server.call("Unary", &[request]).await;
        match outcome.messages.pop() {
            Some(message) => message,
            None => format!("{:?}", outcome.status.code()),
        }
    }
}

/// Waits until something is so.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "it never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
