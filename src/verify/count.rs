//! [`Count`]: how many of the calls that have ended are meant, or how many of them in order.
//!
//! Each call is added once, in whatever order calls end, and none is looked at again: so it keeps up with calls that come fast.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::filter::CallMatcher;
use crate::journal::RecordedCall;

/// How many calls there are that are meant, so far.
#[derive(Debug)]
pub(super) struct Count {
    /// Of calls in order, how many of the first filters mean calls that began one after the other.
    pub(super) found: u64,
    /// The id of the last call in order that counts.
    pub(super) last: Option<u64>,
    /// If calls are to come in order, the ids of those that each filter means.
    in_order: Option<Vec<BTreeSet<u64>>>,
}

impl Count {
    /// Of no call yet.
    pub(super) fn of_calls() -> Self {
        Self {
            found: 0,
            last: None,
            in_order: None,
        }
    }

    /// Of no call yet, with one call of each filter in their order.
    pub(super) fn in_order(filters: usize) -> Self {
        Self {
            in_order: Some(vec![BTreeSet::new(); filters]),
            ..Self::of_calls()
        }
    }

    /// Adds a call that has ended.
    pub(super) fn add(&mut self, call: &RecordedCall, matchers: &[CallMatcher]) {
        let Some(in_order) = &mut self.in_order else {
            self.found += u64::from(matchers[0].matches(call));
            return;
        };
        let mut is_meant = false;
        for (ids, matcher) in in_order.iter_mut().zip(matchers) {
            is_meant |= matcher.matches(call) && ids.insert(call.id());
        }
        if is_meant {
            self.find_order();
        }
    }

    /// Takes for each filter the first call that began after that of the filter before.
    fn find_order(&mut self) {
        (self.found, self.last) = (0, None);
        for ids in self.in_order.iter().flatten() {
            let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
            let Some(next) = ids.range((after, Bound::Unbounded)).next() else {
                break;
            };
            self.last = Some(*next);
            self.found += 1;
        }
    }
}
