//! How often rules have answered whose calls are counted: by `times`, by several `answers`, or for `call.count`.
//!
//! Counting is atomic: however many calls come at once, a rule with `times: N` answers N of them. A rule keeps its
//! counter over a reload as long as it is [the same rule](RuleId). The counter of a rule that is gone is dropped, but
//! calls that still run with the old rules keep it until they end.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cel::{Env, EvalError};
use crate::rules::plan::{Counting, RuleId};
use crate::session::Beside;

/// How many bytes the scopes of all counters may take together. Clients may choose them.
const MAX_SIZE: usize = 64 << 20;

/// The counters of all rules whose calls are counted.
#[derive(Debug, Default)]
pub(in crate::rules) struct Counters {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// How many loads there have been.
    loads: u64,
    by_rule: HashMap<RuleId, Kept>,
    /// Those of a session: each beside the one of the same rule that counts the calls of no session, and as long as that.
    beside: Beside<Counter>,
    /// How many bytes the scopes of all counters take, including counters that only running calls keep, and those of sessions.
    size: Arc<AtomicUsize>,
}

/// A counter, and the last load that had its rule.
#[derive(Debug)]
struct Kept {
    counter: Arc<Counter>,
    load: u64,
}

impl Counters {
    /// Counters of a session, which count no rules yet.
    pub(super) fn of_session(&self) -> Self {
        let known = Known {
            size: Arc::clone(&self.known().size),
            ..Known::default()
        };
        Self {
            known: Mutex::new(known),
        }
    }

    /// Begins to count for the rules of a load; those that are known go on counting. Returns the number of the load.
    ///
    /// A counter is dropped if the last load did not have it and nothing that still runs does. Counters of the rules that
    /// are being served stay, because this load may never be served; see [`forget_before`](Self::forget_before).
    pub(in crate::rules) fn load<'r>(&self, rules: impl Iterator<Item = &'r RuleId>) -> u64 {
        let mut known = self.known();
        let last = known.loads;
        known
            .by_rule
            .retain(|_, kept| kept.load == last || Arc::strong_count(&kept.counter) > 1);
        let load = last + 1;
        known.loads = load;
        let size = Arc::clone(&known.size);
        for rule in rules {
            let kept = known.by_rule.entry(rule.clone()).or_insert_with(|| Kept {
                counter: Arc::new(Counter::new(&size)),
                load,
            });
            kept.load = load;
        }
        load
    }

    /// Drops the counters of rules that are neither `served` nor in a later load than that one.
    pub(in crate::rules) fn forget_before(&self, load: u64, served: &HashSet<&RuleId>) {
        let is_kept = |rule: &RuleId, kept: &mut Kept| kept.load > load || served.contains(rule);
        self.known().by_rule.retain(is_kept);
    }

    /// Starts all counters at 0 again. What was known before must not hold any more when this is called.
    pub(in crate::rules::run) fn clear(&self) {
        let known = self.known();
        let counters = known.by_rule.values().map(|kept| &kept.counter);
        for counter in counters.chain(known.beside.values()) {
            counter.answered().clear();
        }
    }

    /// The counter of a rule; a new one if it is not loaded.
    pub(in crate::rules::run) fn of(&self, rule: &RuleId) -> Arc<Counter> {
        let known = self.known();
        match known.by_rule.get(rule) {
            Some(kept) => Arc::clone(&kept.counter),
            None => Arc::new(Counter::new(&known.size)),
        }
    }

    /// The counter of a session for the rule of a counter.
    pub(in crate::rules::run) fn beside(&self, counter: &Arc<Counter>) -> Arc<Counter> {
        let mut known = self.known();
        let size = Arc::clone(&known.size);
        let own = known
            .beside
            .get_or_insert(counter, || Arc::new(Counter::new(&size)));
        Arc::clone(own)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many calls a rule has answered, by the value of its scope.
#[derive(Debug)]
pub(in crate::rules::run) struct Counter {
    answered: Mutex<Answered>,
}

#[derive(Debug)]
struct Answered {
    counts: HashMap<String, u64>,
    /// How many bytes its scopes take.
    size: usize,
    /// How many bytes the scopes of all counters take.
    total: Arc<AtomicUsize>,
}

impl Counter {
    fn new(total: &Arc<AtomicUsize>) -> Self {
        let answered = Answered {
            counts: HashMap::new(),
            size: 0,
            total: Arc::clone(total),
        };
        Self {
            answered: Mutex::new(answered),
        }
    }

    /// Counts an answer, and returns how many there are with it; `None` if no more are left.
    pub(in crate::rules::run) fn take(
        &self,
        counting: &Counting,
        env: &Env<'_>,
    ) -> Result<Option<u64>, EvalError> {
        let scope = scope(counting, env)?;
        let mut answered = self.answered();
        let count = answered.count(scope)?;
        // With a branch: rustc 1.95 can lose the addition of a bool that is returned as well, when it optimises.
        if !counting.leaves_after(*count) {
            return Ok(None);
        }
        *count += 1;
        Ok(Some(*count))
    }

    /// Whether an answer is left, without taking it.
    pub(in crate::rules::run) fn is_left(
        &self,
        counting: &Counting,
        env: &Env<'_>,
    ) -> Result<bool, EvalError> {
        let scope = scope(counting, env)?;
        let answered = self.answered();
        Ok(counting.leaves_after(answered.counts.get(&scope).copied().unwrap_or_default()))
    }

    /// The scope of a call, if an answer may be left in it, as far as this server knows what others have answered.
    pub(in crate::rules::run) fn scope_left(
        &self,
        counting: &Counting,
        env: &Env<'_>,
    ) -> Result<Option<String>, EvalError> {
        let scope = scope(counting, env)?;
        let known = *self.answered().count(scope.clone())?;
        Ok(counting.leaves_after(known).then_some(scope))
    }

    /// Notes how many answers all servers have given together, if that [still holds](Counters::clear).
    pub(in crate::rules::run) fn know(&self, scope: &str, count: u64, holds: impl FnOnce() -> bool) {
        let mut answered = self.answered();
        if holds()
            && let Some(known) = answered.counts.get_mut(scope)
        {
            *known = count.max(*known);
        }
    }

    fn answered(&self) -> MutexGuard<'_, Answered> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the calls of a rule are counted apart by; empty if they are counted together.
fn scope(counting: &Counting, env: &Env<'_>) -> Result<String, EvalError> {
    let mut scope = String::new();
    if let Some(program) = &counting.scope {
        let value = program.eval(env)?;
        env.charge_text(&value)?;
        value.write_text(&mut scope);
    }
    Ok(scope)
}

impl Counting {
    /// Whether an answer is left after so many.
    pub(in crate::rules::run) fn leaves_after(&self, count: u64) -> bool {
        self.limit.is_none_or(|limit| count < limit)
    }
}

impl Answered {
    /// The count of a scope, which is 0 for a new one.
    fn count(&mut self, scope: String) -> Result<&mut u64, EvalError> {
        match self.counts.entry(scope) {
            Entry::Occupied(count) => Ok(count.into_mut()),
            Entry::Vacant(place) => {
                let size = size_of::<(String, u64)>() + place.key().len();
                let grown = |total: usize| total.checked_add(size).filter(|total| *total <= MAX_SIZE);
                if self
                    .total
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown)
                    .is_err()
                {
                    return Err(EvalError::without_values(format!(
                        "no more scopes are counted: their values take {MAX_SIZE} bytes"
                    )));
                }
                self.size += size;
                Ok(place.insert(0))
            }
        }
    }
}

impl Answered {
    fn clear(&mut self) {
        self.counts = HashMap::new();
        self.total
            .fetch_sub(std::mem::take(&mut self.size), Ordering::Relaxed);
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.clear();
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

    /// Loads the rules of those names, and returns their counters.
    fn load(counters: &Counters, names: &[&str]) -> (u64, Vec<Arc<Counter>>) {
        let ids: Vec<RuleId> = names.iter().map(|name| rule(name)).collect();
        let load = counters.load(ids.iter());
        (load, ids.iter().map(|id| counters.of(id)).collect())
    }

    fn known(counters: &Counters) -> usize {
        counters.known().by_rule.len()
    }

    #[test]
    fn scopes_take_so_many_bytes_and_no_more() {
        let counters = Counters::default();
        let counter = Counter::new(&counters.known().size);
        let mut answered = counter.answered();
        let long = |name: char| name.to_string().repeat(MAX_SIZE / 3);
        for name in ['a', 'b'] {
            *answered.count(long(name)).expect("there is room") += 1;
        }
        answered.count(long('c')).expect_err("there is no more");
        assert_eq!(*answered.count(long('a')).expect("it is known"), 1);
    }

    #[test]
    fn the_scopes_of_all_counters_share_their_bytes() {
        let counters = Counters::default();
        let (_, two) = load(&counters, &["a", "b"]);
        let long = |name: char| name.to_string().repeat(MAX_SIZE / 3 * 2);
        two[0].answered().count(long('x')).expect("there is room");
        two[1].answered().count(long('y')).expect_err("there is no more");
        // The bytes of a dropped counter are free again.
        let (last, others) = load(&counters, &["b"]);
        counters.forget_before(last, &HashSet::from([&rule("b")]));
        drop(two);
        others[0].answered().count(long('y')).expect("there is room");
    }

    #[test]
    fn a_rule_keeps_its_counter_until_it_is_gone_from_what_is_served() {
        let counters = Counters::default();
        let (_, first) = load(&counters, &["a", "b"]);
        // A load that is never served: the file was being written.
        let (_, none) = load(&counters, &[]);
        assert!(none.is_empty());
        let (_, second) = load(&counters, &["a", "b"]);
        assert!(Arc::ptr_eq(&first[0], &second[0]));

        let (last, third) = load(&counters, &["b"]);
        counters.forget_before(last, &HashSet::from([&rule("b")]));
        assert!(Arc::ptr_eq(&first[1], &third[0]));
        let (_, fourth) = load(&counters, &["a", "b"]);
        assert!(
            !Arc::ptr_eq(&first[0], &fourth[0]),
            "it was removed, and added again"
        );
        assert!(Arc::ptr_eq(&first[1], &fourth[1]));
    }

    #[test]
    fn loads_without_end_do_not_fill_the_memory() {
        let counters = Counters::default();
        let mut served = Vec::new();
        for n in 0..1000 {
            served = load(&counters, &[&format!("rule {n}")]).1;
            assert!(known(&counters) <= 3);
        }
        drop(served);
    }
}
