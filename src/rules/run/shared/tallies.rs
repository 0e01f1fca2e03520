//! [`Tallies`]: how often the rules of a method were chosen and have answered, at hand by their places.
//!
//! A method has one for the calls of no session, which is made when rules load, and one for each session that has called it.
//! So a call of a session finds with one look-up all that it needs, and every other with none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::counters::Counter;
use super::declared::Declared;
use super::state::RulesState;
use crate::collection::{Collection, Declaration};
use crate::rules::plan::Rule;
use crate::session::Session;

/// What the calls of a method count by, and the rest of what they share.
#[derive(Debug)]
pub(in crate::rules) struct Tallies {
    state: RulesState,
    collections: Arc<[Collection]>,
    /// As the rules declare them, in step with the collections.
    declared: Arc<[Declaration]>,
    by_place: Vec<Tally>,
}

/// The numbers of one rule. Its other methods have the same ones.
#[derive(Debug)]
struct Tally {
    hits: Arc<AtomicU64>,
    /// For a session: the number of all calls, of whatever session.
    all_hits: Option<Arc<AtomicU64>>,
    /// `None` if its calls need not be counted.
    counter: Option<Arc<Counter>>,
}

impl Tallies {
    /// For the rules of a method, in the order in which they are tried. Their counters must be loaded.
    pub(in crate::rules::run) fn new(state: &RulesState, rules: &[Rule], declared: &Declared) -> Self {
        let tally = |rule: &Rule| Tally {
            hits: state.hits().of(&rule.id),
            all_hits: None,
            counter: rule.counting.as_ref().map(|_| state.counters().of(&rule.id)),
        };
        Self {
            state: state.clone(),
            collections: Arc::clone(&declared.collections),
            declared: Arc::clone(&declared.declarations),
            by_place: rules.iter().map(tally).collect(),
        }
    }

    /// Those of a session.
    pub(in crate::rules) fn of_session(self: &Arc<Self>, session: &Session) -> Arc<Self> {
        session.beside(self, || {
            let state = self.state.of_session(session);
            let tally = |tally: &Tally| Tally {
                hits: state.hits().beside(&tally.hits),
                all_hits: Some(Arc::clone(&tally.hits)),
                counter: tally
                    .counter
                    .as_ref()
                    .map(|counter| state.counters().beside(counter)),
            };
            let collections = if self.declared.is_empty() {
                Arc::default()
            } else {
                let own = state.collections();
                let declare = |of| own.declare(of).expect("in memory any collection can be declared");
                self.declared.iter().map(declare).collect()
            };
            Self {
                collections,
                declared: Arc::clone(&self.declared),
                by_place: self.by_place.iter().map(tally).collect(),
                state,
            }
        })
    }

    /// The collections that the rules declare, in the order in which they do.
    #[inline]
    pub(in crate::rules::run) fn collections(&self) -> &[Collection] {
        &self.collections
    }

    /// What else the calls share.
    #[inline]
    pub(in crate::rules::run) fn state(&self) -> &RulesState {
        &self.state
    }

    /// The rule at a place was chosen.
    #[inline]
    pub(in crate::rules::run) fn hit(&self, at: usize) {
        let tally = &self.by_place[at];
        tally.hits.fetch_add(1, Ordering::Relaxed);
        if let Some(all) = &tally.all_hits {
            all.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the rule at a place was chosen.
    pub(in crate::rules) fn hits(&self, at: usize) -> u64 {
        self.by_place[at].hits.load(Ordering::Relaxed)
    }

    /// How often the rule at a place has answered, if its calls are counted.
    #[inline]
    pub(in crate::rules::run) fn counter(&self, at: usize) -> Option<&Counter> {
        self.by_place[at].counter.as_deref()
    }
}
