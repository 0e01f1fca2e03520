//! [`Count`]: how many of the calls that have ended are meant, or how many of them in order.
//!
//! Each call is added once, in whatever order calls end, and none is looked at again: so it keeps up with calls that come fast.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use super::filter::{CallMatcher, MAX_COST};
use crate::journal::RecordedCall;

/// How many calls there are that are meant, so far.
#[derive(Debug)]
pub(super) struct Count {
    /// How many calls the filter means.
    calls: u64,
    /// `None` if there is one filter.
    in_order: Option<InOrder>,
    /// What conditions may still cost. With 0, not all calls were looked at.
    left: u64,
}

/// Calls that are to come in order, one for each filter.
#[derive(Debug)]
pub(super) struct InOrder {
    filters: usize,
    /// By the id of a call, which filters mean it: a bit for each.
    meant: BTreeMap<u64, u64>,
    /// For each of the first filters, the id of the first call that it means and that began after that of the filter before.
    taken: Vec<u64>,
}

impl Count {
    /// Of no call yet.
    pub(super) fn of_calls() -> Self {
        Self {
            calls: 0,
            in_order: None,
            left: MAX_COST,
        }
    }

    /// Of no call yet, with one call of each filter in their order. There are up to [`InOrder::MAX_FILTERS`].
    pub(super) fn in_order(filters: usize) -> Self {
        Self {
            in_order: Some(InOrder {
                filters,
                meant: BTreeMap::new(),
                taken: Vec::new(),
            }),
            ..Self::of_calls()
        }
    }

    /// How many calls there are; of calls in order, how many of the first filters mean calls that began one after the other.
    pub(super) fn found(&self) -> u64 {
        let in_order = self.in_order.as_ref();
        in_order.map_or(self.calls, |in_order| in_order.taken.len() as u64)
    }

    /// The id of the last call in order that counts.
    pub(super) fn last(&self) -> Option<u64> {
        self.in_order.as_ref()?.taken.last().copied()
    }

    /// What conditions may still cost. With 0, not all calls were looked at.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Adds a call that has ended.
    pub(super) fn add(&mut self, call: &RecordedCall, matchers: &[CallMatcher]) {
        if let Some(in_order) = &mut self.in_order {
            let bits = matchers.iter().enumerate();
            let filters = bits.filter(|(_, matcher)| matcher.matches_within(call, &mut self.left));
            in_order.add(call.id(), filters.fold(0, |filters, (bit, _)| filters | 1 << bit));
        } else {
            self.calls += u64::from(matchers[0].matches_within(call, &mut self.left));
        }
    }
}

impl InOrder {
    /// How many filters there may be.
    pub(super) const MAX_FILTERS: usize = u64::BITS as usize;

    /// Adds a call that these filters mean.
    fn add(&mut self, id: u64, filters: u64) {
        if filters == 0 || self.meant.insert(id, filters).is_some() {
            return;
        }
        let mut filter = self.taken.partition_point(|taken| *taken < id);
        let mut next = is_meant_by(filters, filter).then_some(id);
        while filter < self.filters
            && let Some(id) = next
        {
            // From the call that was taken before on, all has been looked at for the next filter.
            let end = self.take(filter, id).map_or(Unbounded, Included);
            filter += 1;
            let mut calls = self.meant.range((Excluded(id), end));
            next = calls
                .find(|(_, filters)| is_meant_by(**filters, filter))
                .map(|(id, _)| *id);
        }
    }

    /// Takes a call for a filter. Returns the one that was taken before.
    fn take(&mut self, filter: usize, id: u64) -> Option<u64> {
        if let Some(taken) = self.taken.get_mut(filter) {
            return Some(std::mem::replace(taken, id));
        }
        self.taken.push(id);
        None
    }
}

/// Whether a call that these filters mean is meant by this one.
fn is_meant_by(filters: u64, filter: usize) -> bool {
    filters
        .checked_shr(filter as u32)
        .is_some_and(|filters| filters & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As [`InOrder`] should: takes for each filter the first call after that of the filter before.
    fn taken(calls: &[(u64, u64)], filters: usize) -> Vec<u64> {
        let mut calls = calls.to_vec();
        calls.sort_unstable();
        let mut calls = calls.into_iter();
        let next = |filter| calls.find(|(_, filters)| is_meant_by(*filters, filter));
        (0..filters).map_while(next).map(|(id, _)| id).collect()
    }

    #[test]
    fn the_first_calls_in_order_are_taken_in_whatever_order_calls_end() {
        let mut random = fastrand::Rng::with_seed(1);
        for round in 0..2000 {
            let filters = if round % 10 == 0 {
                InOrder::MAX_FILTERS
            } else {
                random.usize(1..6)
            };
            let all = u64::MAX >> (InOrder::MAX_FILTERS - filters);
            let mut in_order = InOrder {
                filters,
                meant: BTreeMap::new(),
                taken: Vec::new(),
            };
            let mut ids: Vec<u64> = (1..100).collect();
            match round % 3 {
                0 => {}
                1 => ids.reverse(),
                _ => random.shuffle(&mut ids),
            }
            let mut calls = Vec::new();
            for id in ids {
                let call = (id, random.u64(..) & random.u64(..) & all);
                calls.push(call);
                in_order.add(call.0, call.1);
                assert_eq!(in_order.taken, taken(&calls, filters), "{calls:?}");
            }
        }
    }
}
