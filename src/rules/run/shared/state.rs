//! What rules share between calls, and keep over a reload.

use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use super::counters::Counters;
use super::fleet::Fleet;
use super::hits::Hits;
use super::signals::{Listener, Signals};
use super::store::{Counted, SharedStore};
use super::trouble::Trouble;
use crate::cel::Store;
use crate::collection::Collections;
#[cfg(feature = "nats")]
use crate::nats::JetStream;
use crate::schema::Schema;
use crate::session::{Session, SessionId};

/// The `store`, the counters of `times`, the collections, and the calls that handle signals.
///
/// Cheap to clone. Calls of a [session](crate::Session) share a state [of its own](Self::of_session). Rules that are loaded with the same [state](crate::RulesOptions::state) take the place of those that
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
pub struct RulesState(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    store: Arc<SharedStore>,
    counters: Arc<Counters>,
    hits: Arc<Hits>,
    signals: Arc<Signals>,
    collections: Collections,
    /// What it shares with other servers. `None` if it shares nothing; sessions do not.
    fleet: Option<Fleet>,
}

/// What the calls of a session share, for its own rules, which may be compiled more than once. It does not keep the session from
/// ending.
#[derive(Debug, Clone)]
pub(crate) struct StateOfSession {
    pub(in crate::rules) id: SessionId,
    pub(in crate::rules) own: RulesState,
    /// What calls of no session share in its place.
    shared: RulesState,
}

impl StateOfSession {
    pub(crate) fn new(shared: &RulesState, session: &Session) -> Self {
        Self {
            id: session.id().clone(),
            own: shared.of_session(session),
            shared: shared.clone(),
        }
    }

    /// Whose it is.
    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whether it is what the session has beside this state.
    pub(crate) fn is_beside(&self, shared: &RulesState) -> bool {
        Arc::ptr_eq(&self.shared.0, &shared.0)
    }
}

impl RulesState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty state, whose collections are kept here. Default: in memory.
    ///
    /// ```
    /// use protod::{Collections, RulesState};
    ///
    /// let collections = Collections::in_memory_within(64 << 20);
    /// let state = RulesState::with_collections(&collections);
    /// # drop(state);
    /// ```
    #[must_use]
    pub fn with_collections(collections: &Collections) -> Self {
        Self(Arc::new(Shared {
            collections: collections.clone(),
            ..Shared::default()
        }))
    }

    /// A state whose `store`, signals and counters of `times`, `answers` and `call.count` it shares by a broker with all servers that have
    /// the same one and the same [namespace](JetStream::namespace). Its collections are kept here.
    ///
    /// What needs the broker while it is away ends with `UNAVAILABLE`; all else is answered. States of
    /// [sessions](Self::of_session) are not shared.
    ///
    /// ```no_run
    /// use protod::{Collections, JetStream, JetStreamOptions, RulesState};
    ///
    /// let store = JetStream::open(&JetStreamOptions::new("nats://localhost:4222"))?;
    /// let state = RulesState::shared(&store, &Collections::in_memory());
    /// # drop(state);
    /// # Ok::<(), protod::Error>(())
    /// ```
    #[cfg(feature = "nats")]
    #[must_use]
    pub fn shared(store: &JetStream, collections: &Collections) -> Self {
        let mut shared = Shared {
            collections: collections.clone(),
            ..Shared::default()
        };
        let fleet = Fleet::join(
            store,
            &shared.store,
            &shared.signals,
            &shared.counters,
            &shared.hits,
        );
        shared.fleet = Some(fleet);
        Self(Arc::new(shared))
    }

    /// What the calls of a session share in the place of this. It is made when it is first asked for, and is gone when the
    /// session has ended and the last of its calls with it.
    ///
    /// ```
    /// use protod::{RulesState, Session};
    ///
    /// fn begin_anew(rules: &RulesState, session: &Session) {
    ///     let state = rules.of_session(session);
    ///     state.clear_counters();
    ///     state.clear_store();
    /// }
    /// ```
    #[must_use]
    pub fn of_session(&self, session: &Session) -> Self {
        Self(session.beside(&self.0, || Shared {
            store: Arc::new(SharedStore::within(&self.0.store.room)),
            counters: Arc::new(self.0.counters.of_session()),
            collections: self.0.collections.of_session(),
            ..Shared::default()
        }))
    }

    /// Raises a signal in every call that handles it; with a key, only in calls with the same key. Returns how many calls
    /// handle signals of this name, whatever their keys.
    ///
    /// If it is [shared](Self::shared), the calls of the other servers get it, too, and are not counted. If these cannot be
    /// reached, that is logged.
    pub fn signal(&self, name: &str, key: Option<&str>) -> usize {
        self.raise(name, key, None).unwrap_or_else(|trouble| {
            tracing::warn!(target: "protod::rules", signal = name, error = %trouble, "a signal reaches this server alone");
            self.0.signals.raise(name, key, None)
        })
    }

    /// Forgets how often rules have answered: `times` and `answers` begin anew, and so do the numbers of
    /// [`Rules::list`](crate::Rules::list).
    ///
    /// If it is [shared](Self::shared), they do so on all servers, a moment later: this does not wait for it. If the broker cannot
    /// be reached, nothing is forgotten, and that is logged.
    pub fn clear_counters(&self) {
        if let Some(fleet) = &self.0.fleet {
            fleet.begin_to_clear_counters();
        } else {
            self.0.counters.clear();
            self.0.hits.clear();
        }
    }

    /// The same, and waits until it is done here. An `Err` says why it is not.
    pub(crate) async fn counters_cleared(&self) -> Result<(), Trouble> {
        if let Some(fleet) = &self.0.fleet {
            // The others hear of it as this server does.
            return fleet.clear_counters().await;
        }
        self.clear_counters();
        Ok(())
    }

    /// Forgets all variables of the `store`. May block while a call changes it.
    ///
    /// If it is [shared](Self::shared), all servers forget them, a moment later: this does not wait for it. If the broker cannot be
    /// reached, nothing is forgotten, and that is logged.
    pub fn clear_store(&self) {
        if let Some(fleet) = &self.0.fleet {
            fleet.begin_to_clear_store();
        } else {
            self.store_mut().clear();
        }
    }

    /// The same, and waits until it is done here, without blocking. An `Err` says why it is not.
    pub(crate) async fn store_cleared(&self) -> Result<(), Trouble> {
        if let Some(fleet) = &self.0.fleet {
            return fleet.clear_store().await;
        }
        let state = self.clone();
        // A call may hold it for as long as its expressions take.
        let cleared = tokio::task::spawn_blocking(move || state.clear_store()).await;
        cleared.map_err(|_| Trouble::Ending)
    }

    /// Notes the types of rules that were loaded: those of the part of a schema that they reach, and all of them.
    pub(in crate::rules) fn learn(&self, part: &Schema, whole: &Schema) {
        if let Some(fleet) = &self.0.fleet {
            fleet.learn(part, whole);
        }
    }

    /// Where collections are kept.
    pub(in crate::rules) fn collections(&self) -> &Collections {
        &self.0.collections
    }

    /// The variables that calls share, for reading.
    pub(in crate::rules::run) fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.0.store.read()
    }

    /// The variables that calls share, for writing.
    pub(in crate::rules::run) fn store_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.0.store.write()
    }

    /// Says that a slow evaluation may hold the store, until what this returns is dropped.
    pub(in crate::rules::run) fn slow(&self) -> Counted<'_> {
        self.0.store.slow()
    }

    /// Says that a slow evaluation writes to the store, until what this returns is dropped.
    pub(in crate::rules::run) fn slow_writer(&self) -> Counted<'_> {
        self.0.store.slow_writer()
    }

    /// Whether who reads the store now may have to wait for long.
    pub(in crate::rules::run) fn readers_wait(&self) -> bool {
        self.0.store.readers_wait()
    }

    /// Whether who writes to the store now may have to wait for long.
    pub(in crate::rules::run) fn writers_wait(&self) -> bool {
        self.0.store.writers_wait()
    }

    /// How often rules were chosen.
    pub(in crate::rules) fn hits(&self) -> &Hits {
        &self.0.hits
    }

    /// How often rules have answered.
    pub(in crate::rules) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// What it shares with other servers, if it does.
    pub(in crate::rules::run) fn fleet(&self) -> Option<&Fleet> {
        self.0.fleet.as_ref()
    }

    /// Raises a signal in all calls except the one that listens as `except`. An `Err` says why it is raised in none.
    pub(in crate::rules::run) fn raise(
        &self,
        name: &str,
        key: Option<&str>,
        except: Option<u64>,
    ) -> Result<usize, Trouble> {
        if let Some(fleet) = &self.0.fleet {
            fleet.raise(name, key)?;
        }
        Ok(self.0.signals.raise(name, key, except))
    }

    /// How many calls listen to a signal.
    pub(in crate::rules::run) fn listening(&self, name: &str) -> usize {
        self.0.signals.listening(name)
    }

    /// Listens for the signals of those names.
    pub(in crate::rules::run) fn listen(&self, names: impl Iterator<Item = Arc<str>>) -> Listener {
        self.0.signals.listen(names)
    }
}
