//! [`Beside`]: values each of which stands beside another, and goes when that goes.
//!
//! What all calls share, as the counter of a rule, has its like in each session. It is found by the address of the other,
//! which nothing else can have while a weak reference to it is held.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Weak};

/// How many may be there before those are looked for whose others are gone.
const FEW: usize = 64;

/// Values by those beside which they stand.
#[derive(Debug)]
pub(crate) struct Beside<T: ?Sized> {
    values: HashMap<usize, (Weak<T>, Arc<T>)>,
    /// How many there are when those are dropped next whose others are gone.
    full: usize,
}

impl<T: ?Sized> Default for Beside<T> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            full: FEW,
        }
    }
}

impl<T: ?Sized> Beside<T> {
    /// The value beside `other`.
    pub(crate) fn get(&self, other: &Arc<T>) -> Option<&Arc<T>> {
        self.values.get(&address(other)).map(|(_, value)| value)
    }

    /// The value beside `other`, which is made if there is none.
    pub(crate) fn get_or_insert(&mut self, other: &Arc<T>, make: impl FnOnce() -> Arc<T>) -> &Arc<T> {
        if self.values.len() >= self.full {
            self.values.retain(|_, (other, _)| other.strong_count() > 0);
            self.full = (2 * self.values.len()).max(FEW);
        }
        match self.values.entry(address(other)) {
            Entry::Occupied(there) => &there.into_mut().1,
            Entry::Vacant(place) => &place.insert((Arc::downgrade(other), make())).1,
        }
    }

    /// All of them.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Arc<T>> {
        self.values.values().map(|(_, value)| value)
    }
}

fn address<T: ?Sized>(value: &Arc<T>) -> usize {
    Arc::as_ptr(value).cast::<()>().addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_the_same_while_its_other_is_there() {
        let mut beside = Beside::default();
        let (one, two) = (Arc::new(1), Arc::new(2));
        let first = Arc::clone(beside.get_or_insert(&one, || Arc::new(10)));
        assert!(beside.get(&two).is_none());
        assert_eq!(**beside.get_or_insert(&two, || Arc::new(20)), 20);
        let again = beside.get_or_insert(&one, || unreachable!("it is there"));
        assert!(Arc::ptr_eq(&first, again));
    }

    #[test]
    fn values_whose_others_are_gone_do_not_fill_the_memory_and_are_never_those_of_new_ones() {
        let mut beside = Beside::default();
        let kept = Arc::new(0);
        beside.get_or_insert(&kept, || Arc::new(0));
        for n in 1..10_000 {
            let other = Arc::new(n);
            assert_eq!(**beside.get_or_insert(&other, || Arc::new(n)), n);
            assert!(beside.values().count() <= FEW);
        }
        assert!(beside.get(&kept).is_some());
    }
}
