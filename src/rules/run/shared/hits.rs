//! How often each rule was chosen, whether or not its calls are [counted](super::counters) for its answers.
//!
//! A rule keeps its number over a reload as long as it is [the same rule](RuleId). The number of a rule that is gone is
//! forgotten when rules are loaded again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use crate::rules::plan::RuleId;
use crate::session::Beside;

/// The numbers of all rules. They are found when rules load; a call adds to the one of its rule.
#[derive(Debug, Default)]
pub(in crate::rules) struct Hits {
    by_rule: Mutex<HashMap<RuleId, Arc<AtomicU64>, RandomState>>,
    /// Those of a session: each beside the one of the same rule for all calls.
    beside: Mutex<Beside<AtomicU64>>,
}

impl Hits {
    /// Forgets the rules that nothing uses any more. Those that are served are in use.
    pub(in crate::rules) fn forget_unused(&self) {
        self.by_rule().retain(|_, hits| Arc::strong_count(hits) > 1);
    }

    /// The number of a rule.
    pub(in crate::rules::run) fn of(&self, rule: &RuleId) -> Arc<AtomicU64> {
        let mut by_rule = self.by_rule();
        if let Some(hits) = by_rule.get(rule) {
            return Arc::clone(hits);
        }
        Arc::clone(by_rule.entry(rule.clone()).or_default())
    }

    /// Starts all rules at 0 again.
    pub(in crate::rules::run) fn clear(&self) {
        for hits in self.by_rule().values().chain(self.beside_others().values()) {
            hits.store(0, Ordering::Relaxed);
        }
    }

    /// The number of a session for the rule of a number.
    pub(in crate::rules::run) fn beside(&self, hits: &Arc<AtomicU64>) -> Arc<AtomicU64> {
        Arc::clone(self.beside_others().get_or_insert(hits, Arc::default))
    }

    fn beside_others(&self) -> MutexGuard<'_, Beside<AtomicU64>> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn by_rule(&self) -> MutexGuard<'_, HashMap<RuleId, Arc<AtomicU64>, RandomState>> {
        self.by_rule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str) -> RuleId {
        RuleId::Named {
            file: "f".into(),
            name: name.into(),
        }
    }

    #[test]
    fn a_rule_keeps_its_number_while_it_is_in_use() {
        let hits = Hits::default();
        let first = hits.of(&rule("a"));
        first.fetch_add(2, Ordering::Relaxed);
        hits.forget_unused();
        let second = hits.of(&rule("a"));
        assert_eq!(second.load(Ordering::Relaxed), 2);
        hits.clear();
        assert_eq!(second.load(Ordering::Relaxed), 0);
        second.fetch_add(1, Ordering::Relaxed);
        drop((first, second));
        hits.forget_unused();
        assert_eq!(hits.of(&rule("a")).load(Ordering::Relaxed), 0, "it was gone");
    }
}
