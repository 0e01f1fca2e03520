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
    /// The first rules that answer calls.
    first: Box<[usize]>,
}

/// How many rules are compared at most with a call that none matches. So such a call costs at most twice one that some rule
/// answers.
const MAX_COMPARED: usize = 16;

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
            first: (0..rules.len())
                .filter(|at| !rules[*at].passes)
                .take(MAX_COMPARED)
                .collect(),
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

    /// The places of the rules that are compared with a call that none matches, to say which came nearest: those that require
    /// some of what it has, the most of it first, and the first ones. They are at most [`MAX_COMPARED`], however many rules there are.
    pub(in crate::rules::run) fn near(&self, env: &Env<'_>) -> Vec<usize> {
        let mut near = self.index.sharing(env);
        for at in &self.first {
            if near.len() == MAX_COMPARED {
                break;
            }
            if !near.contains(at) {
                near.push(*at);
            }
        }
        near
    }
}
