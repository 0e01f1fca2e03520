//! What the rules of several servers share by a broker: the variables of the store, counters and signals.
//!
//! | file | what it is |
//! |---|---|
//! | `variables` | changes variables for all servers, and waits for what others have changed |
//! | `changes` | follows the changes of all servers |
//! | `applied` | makes them in the store of this one |
//! | `snapshots` | keeps the changes from growing for ever |
//! | `signals` | raises signals in the calls of other servers, and theirs here |
//! | `counts` | counts answers for all servers |
//! | `link` | does something for as long as this server shares, and whenever the broker is there |

mod applied;
mod changes;
mod counts;
mod link;
mod signals;
mod snapshots;
mod variables;

use std::sync::Arc;

use self::counts::Counts;
use self::link::Alive;
use self::signals::Outgoing;
pub(in crate::rules::run) use self::variables::Turn;
use self::variables::Variables;
use super::counters::Counters;
use super::hits::Hits;
use super::signals::Signals;
use super::store::SharedStore;
use super::trouble::Trouble;
use crate::nats::JetStream;
use crate::rules::plan::RuleId;
use crate::schema::Schema;

/// What a server shares with others.
#[derive(Debug)]
pub(in crate::rules::run) struct Fleet {
    store: JetStream,
    signals: Outgoing,
    counts: Arc<Counts>,
    variables: Arc<Variables>,
    _alive: Alive,
}

impl Fleet {
    /// Begins to share. It ends when the state is dropped that these belong to.
    pub(super) fn join(
        store: &JetStream,
        variables: &Arc<SharedStore>,
        signals: &Arc<Signals>,
        counters: &Arc<Counters>,
        hits: &Arc<Hits>,
    ) -> Self {
        let alive = Alive::default();
        Self {
            store: store.clone(),
            signals: Outgoing::new(store, &alive, signals),
            counts: Arc::new(Counts::new(store, &alive, counters, hits)),
            variables: Arc::new(Variables::new(store, &alive, variables)),
            _alive: alive,
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

    /// Notes the types of rules that were loaded: those that they reach, and all.
    pub(super) fn learn(&self, part: &Schema, whole: &Schema) {
        self.variables.learn(vec![part.clone(), whole.clone()]);
    }

    /// Waits until the store has all changes that servers have made before this is called.
    pub(in crate::rules::run) async fn seen(&self) -> Result<(), Trouble> {
        self.variables.seen().await
    }

    /// Waits for leave to change the store.
    pub(in crate::rules::run) async fn turn(&self) -> Result<Turn, Trouble> {
        self.variables.turn().await
    }

    /// The last change that the store has, which has to be locked.
    pub(in crate::rules::run) fn sequence(&self) -> u64 {
        self.variables.sequence()
    }

    /// Makes a change on all servers, and waits until it is made here. `false` if another came after the one as of which it was
    /// computed.
    pub(in crate::rules::run) async fn take(
        &self,
        turn: &Turn,
        after: u64,
        record: &[u8],
    ) -> Result<bool, Trouble> {
        self.variables.take(turn, after, record).await
    }

    /// Removes all variables on all servers, without waiting for it.
    pub(super) fn begin_to_clear_store(&self) {
        let variables = Arc::clone(&self.variables);
        self.store.spawn(async move {
            if let Err(error) = variables.clear().await {
                tracing::warn!(target: "protod::rules", %error, "the store is as it was, it cannot be cleared for all servers");
            }
        });
    }

    /// The same, and waits until it is done here.
    pub(super) async fn clear_store(&self) -> Result<(), Trouble> {
        self.variables.clear().await
    }
}
