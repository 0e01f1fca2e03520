//! What the rules of several servers share by a broker: their signals and counters.
//!
//! | file | what it is |
//! |---|---|
//! | `signals` | raises signals in the calls of other servers, and theirs here |
//! | `counts` | counts answers for all servers |
//! | `publish` | publishes a message until it is there |
//! | `link` | does something whenever the broker is there |

mod counts;
mod link;
mod publish;
mod signals;

use std::sync::Arc;

use self::counts::Counts;
use self::signals::Outgoing;
use super::counters::Counters;
use super::hits::Hits;
use super::signals::Signals;
use super::trouble::Trouble;
use crate::nats::JetStream;
use crate::rules::plan::RuleId;

/// What a server shares with others.
#[derive(Debug)]
pub(in crate::rules::run) struct Fleet {
    store: JetStream,
    signals: Outgoing,
    counts: Arc<Counts>,
}

impl Fleet {
    /// Begins to share. It ends when the state is dropped that these belong to.
    pub(super) fn join(
        store: &JetStream,
        signals: &Arc<Signals>,
        counters: &Arc<Counters>,
        hits: &Arc<Hits>,
    ) -> Self {
        Self {
            store: store.clone(),
            signals: Outgoing::new(store, signals),
            counts: Arc::new(Counts::new(store, counters, hits)),
        }
    }

    /// Raises a signal in the calls of the other servers. An `Err` says why it reaches none.
    pub(super) fn raise(&self, name: &str, key: Option<&str>) -> Result<(), Trouble> {
        self.signals.raise(name, key)
    }

    /// Counts so many answers of a rule in a scope, on all servers together, and returns how many there are with them, and the
    /// [period](Self::is_period) for which that holds.
    pub(in crate::rules::run) async fn count(
        &self,
        rule: &RuleId,
        scope: &str,
        answers: u64,
    ) -> Result<(u64, u64), Trouble> {
        self.counts.add(rule, scope, answers).await
    }

    /// Whether counting has not begun anew since.
    pub(in crate::rules::run) fn is_period(&self, period: u64) -> bool {
        self.counts.is_period(period)
    }

    /// Lets all servers count from 0 again, without waiting for it.
    pub(super) fn begin_to_clear_counters(&self) {
        let counts = Arc::clone(&self.counts);
        self.store.spawn(async move {
            if let Err(error) = counts.clear().await {
                tracing::warn!(target: "protod::rules", %error, "counters go on, they cannot be cleared for all servers");
            }
        });
    }

    /// The same, and waits until it is done here.
    pub(super) async fn clear_counters(&self) -> Result<(), Trouble> {
        self.counts.clear().await
    }
}
