//! What is known of a fleet, for those who look at it.

use std::time::SystemTime;

/// What is known of a fleet: what [`Fleet::state`](super::Fleet::state) gives.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FleetState {
    /// The generation that is served. `None` if none was published.
    pub current: Option<PublishedGeneration>,
    /// The replicas that live, by their names.
    pub replicas: Vec<ReplicaState>,
}

/// A generation that is or was served: one of those that [`Fleet::history`](super::Fleet::history) lists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedGeneration {
    /// Its [id](super::Generation::id).
    pub id: String,
    /// When it became the current one, by the publisher's clock.
    pub at: SystemTime,
    /// Whether it was gone back to.
    pub is_rollback: bool,
    /// How many bytes it takes.
    pub bytes: u64,
    /// How many services it has.
    pub services: u32,
    /// How many methods they have.
    pub methods: u32,
    /// How many rules it has.
    pub rules: u32,
}

/// A server of a fleet, as it describes itself: one of those that [`Fleet::state`](super::Fleet::state) lists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaState {
    /// Its name among the others.
    pub name: String,
    /// The version of protod that it runs.
    pub version: String,
    /// Where it listens.
    pub address: String,
    /// When it started, by its clock.
    pub started: SystemTime,
    /// The generation that it serves. `None` if it serves files, or nothing.
    pub serves: Option<String>,
    /// Since when, by its clock.
    pub since: Option<SystemTime>,
    /// Whether its health service says SERVING.
    pub is_serving: bool,
    /// Why it does not serve what it should.
    pub trouble: Option<String>,
    /// The last candidate, if it has refused that, and why.
    pub refused: Option<(String, Vec<String>)>,
}
