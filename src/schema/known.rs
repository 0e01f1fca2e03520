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

/// Values by single names that are part of the program, such as those of the variants of an enum that is written.
pub(crate) struct KnownNames<T> {
    first: OnceLock<Box<NameLink<T>>>,
}

struct NameLink<T> {
    name: &'static str,
    value: T,
    next: OnceLock<Box<NameLink<T>>>,
}

/// Names after as many others are worked out each time. A program has fewer, unless it makes names up.
const MOST_NAMES: usize = 64;

impl<T> Default for KnownNames<T> {
    fn default() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }
}

impl<T: Copy> KnownNames<T> {
    /// The value of this name, which `make` makes when it is first asked for, if there is one.
    pub(crate) fn get(&self, name: &'static str, make: impl Fn() -> Option<T>) -> Option<T> {
        let mut place = &self.first;
        for _ in 0..MOST_NAMES {
            let Some(link) = place.get() else {
                let value = make()?;
                let link = place.get_or_init(|| {
                    Box::new(NameLink {
                        name,
                        value,
                        next: OnceLock::new(),
                    })
                });
                // Somebody else may have put another name here meanwhile.
                if std::ptr::eq(link.name, name) {
                    return Some(value);
                }
                place = &link.next;
                continue;
            };
            if std::ptr::eq(link.name, name) {
                return Some(link.value);
            }
            place = &link.next;
        }
        make()
    }
}

impl<T> fmt::Debug for KnownNames<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownNames").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Known<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, KnownNames, MOST_NAMES, Names};

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

    #[test]
    fn each_name_is_worked_out_once_and_only_a_few_names_are_kept() {
        let known = KnownNames::default();
        let names: Vec<&'static str> = (0..=MOST_NAMES)
            .map(|index| &*Box::leak(format!("name {index}").into_boxed_str()))
            .collect();
        let get = |name, made| {
            let count = std::cell::Cell::new(0);
            let value = known.get(name, || {
                count.set(count.get() + 1);
                made
            });
            (value, count.get())
        };
        assert_eq!(
            get(names[0], None),
            (None, 1),
            "a name that means nothing is not kept"
        );
        for (name, index) in names.iter().zip(0..) {
            assert_eq!(get(name, Some(index)), (Some(index), 1));
        }
        for (name, index) in names[..MOST_NAMES].iter().zip(0..) {
            assert_eq!(get(name, None), (Some(index), 0));
        }
        assert_eq!(get(names[MOST_NAMES], Some(7)), (Some(7), 1));
        let elsewhere = Box::leak(Box::<str>::from(names[0]));
        assert_eq!(
            get(elsewhere, Some(8)),
            (Some(8), 1),
            "an equal name at another place"
        );
    }
}
