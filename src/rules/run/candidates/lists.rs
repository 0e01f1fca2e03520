//! Ascending lists of rules.

use std::ops::Range;

/// The part of a list that is in a range.
pub(super) fn within<'l>(list: &'l [u32], range: &Range<usize>) -> &'l [u32] {
    let start = list.partition_point(|at| (*at as usize) < range.start);
    let end = list.partition_point(|at| (*at as usize) < range.end);
    &list[start..end]
}

/// The number of the rule at a place.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a file has fewer rules than that")
}

/// Several lists, none of which is empty, as one.
pub(super) struct Merge<'i> {
    pub(super) lists: Vec<&'i [u32]>,
}

impl Iterator for Merge<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let (at, list) = self
            .lists
            .iter_mut()
            .enumerate()
            .min_by_key(|(_, list)| list[0])?;
        let (first, rest) = list.split_first()?;
        let first = *first as usize;
        *list = rest;
        if rest.is_empty() {
            self.lists.swap_remove(at);
        }
        Some(first)
    }
}
