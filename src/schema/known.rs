//! What was worked out about lists of names that are part of the program, such as the fields of a struct.
//!
//! Such a list lives as long as the program and is recognised by its address. There are few of them for one message or
//! enum, nearly always one, so they are a chain. It only grows, and is read without a lock.

use std::fmt;
use std::sync::OnceLock;

/// Names that a program has.
pub(crate) type Names = &'static [&'static str];

/// Values by lists of names.
pub(crate) struct Known<T> {
    first: OnceLock<Box<Link<T>>>,
}

struct Link<T> {
    names: Names,
    value: T,
    next: OnceLock<Box<Link<T>>>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }
}

impl<T> Known<T> {
    /// The value of these names, which `make` makes when they are first asked for.
    #[inline]
    pub(crate) fn get(&self, names: Names, make: impl Fn() -> T) -> &T {
        let mut place = &self.first;
        loop {
            let link = place.get_or_init(|| {
                Box::new(Link {
                    names,
                    value: make(),
                    next: OnceLock::new(),
                })
            });
            // Empty lists need not differ in their address.
            if std::ptr::eq(link.names, names) || link.names.is_empty() && names.is_empty() {
                return &link.value;
            }
            place = &link.next;
        }
    }
}

impl<T> fmt::Debug for Known<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Names};

    #[test]
    fn each_list_is_worked_out_once_and_equal_lists_at_other_places_apart() {
        let known = Known::default();
        let lists: [Names; 3] = [&["a", "b"], Box::leak(Box::new(["a", "b"])), &[]];
        for _ in 0..2 {
            for (list, index) in lists.into_iter().zip(0..) {
                // Only the first time counts.
                let count = std::cell::Cell::new(0);
                let value = known.get(list, || {
                    count.set(count.get() + 1);
                    index
                });
                assert_eq!(*value, index);
                assert!(count.get() <= 1);
            }
        }
        assert_eq!(*known.get(lists[1], || unreachable!("it is known")), 1);
    }
}
