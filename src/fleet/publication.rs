//! [`Publication`]: what came of publishing a generation.

use std::time::Duration;

/// What came of a publication: what [`Fleet::publish`](super::Fleet::publish) returns.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Publication {
    /// The [id](super::Generation::id) of the generation.
    pub id: String,
    /// What happened.
    pub outcome: Outcome,
    /// How many replicas lived.
    pub replicas: usize,
}

/// Whether a generation is served: what [`Fleet::publish`](super::Fleet::publish) has come to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// It is the current one.
    Served {
        /// How many replicas had swapped when they were last heard of; all that lived, unless one was slow.
        by: usize,
        /// The time from the first replica that swapped to the last, as their clocks say. `None` without two.
        skew: Option<Duration>,
    },
    /// It was the current one before.
    Unchanged,
    /// It was [only checked](super::PublishOptions::check_only), and all replicas could serve it.
    Checked,
    /// These replicas cannot serve it, and nothing has changed.
    Refused(Vec<Refusal>),
}

/// Why a replica cannot serve a generation: what [`Fleet::publish`](super::Fleet::publish) is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The name of the replica.
    pub replica: String,
    /// What is wrong, with its place.
    pub problems: Vec<String>,
}
