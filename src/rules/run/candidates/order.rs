//! The order in which rules are tried, and the event that each has to wait for.

use std::ops::Range;

use super::index::Index;
use crate::cel::Env;
use crate::rules::plan::{Rule, Stage};

/// Which rules of a method need which event, and which of them may match.
#[derive(Debug)]
pub(in crate::rules::run) struct Order {
    /// Rules before this index are decided by metadata alone.
    pub(in crate::rules::run) message: usize,
    /// Rules before this index are decided by the first message.
    pub(in crate::rules::run) half_close: usize,
    index: Index,
}

impl Order {
    pub(in crate::rules::run) fn of(rules: &[Rule]) -> Self {
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

    /// The places of the rules in `range` that may match, in order.
    pub(in crate::rules::run) fn candidates(
        &self,
        range: &Range<usize>,
        env: &Env<'_>,
    ) -> impl Iterator<Item = usize> + use<'_> {
        self.index.candidates(range, env)
    }
}
