//! In which order rules are tried, and which event each has to wait for.

use super::index::Index;
use crate::rules::plan::{Rule, Stage};

/// The rules of a method in order, and where in it which event is needed.
#[derive(Debug)]
pub(super) struct Order {
    /// Rules before this index are decided by metadata alone.
    pub(super) message: usize,
    /// Rules before this index are decided by the first message.
    pub(super) half_close: usize,
    pub(super) index: Index,
}

impl Order {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let first = |stage: Stage| {
            rules
                .iter()
                .position(|rule| rule.condition.stage >= stage)
                .unwrap_or(rules.len())
        };
        Self {
            message: first(Stage::Message),
            half_close: first(Stage::HalfClose),
            index: Index::of(rules),
        }
    }
}
