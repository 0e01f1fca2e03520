//! The rules that ask for a number in a range, found by the number.
//!
//! The ends of all ranges cut the numbers into pieces, over which stands a binary tree. A range is filed at the few nodes that make it up, and a
//! number is in those that are filed at its piece and above it. So a look-up meets as many lists as the tree has levels, each in the order of the
//! rules, however many ranges there are and however they overlap.

use std::ops::RangeInclusive;

/// The rules of one field.
#[derive(Debug)]
pub(super) struct Ranges {
    /// Where each piece but the first begins.
    begins: Box<[u64]>,
    /// Where the list of each node begins in `rules`, and the end of the last. The root is node 1, and the children of a node are at twice its number and after it.
    lists: Box<[u32]>,
    rules: Box<[u32]>,
}

impl Ranges {
    /// Each rule with its range, in the order of the rules.
    pub(super) fn of(ranges: &[(RangeInclusive<u64>, u32)]) -> Self {
        let ends = ranges
            .iter()
            .flat_map(|(range, _)| [Some(*range.start()), range.end().checked_add(1)]);
        let mut begins: Vec<u64> = ends.flatten().filter(|begin| *begin > 0).collect();
        begins.sort_unstable();
        begins.dedup();
        let pieces = (begins.len() + 1).next_power_of_two();
        let piece = |number: u64| begins.partition_point(|begin| *begin <= number);
        let mut filed: Vec<(u32, u32)> = Vec::with_capacity(ranges.len() * 2);
        for (range, rule) in ranges {
            let (mut low, mut high) = (pieces + piece(*range.start()), pieces + piece(*range.end()) + 1);
            while low < high {
                if low % 2 == 1 {
                    filed.push((node(low), *rule));
                    low += 1;
                }
                if high % 2 == 1 {
                    high -= 1;
                    filed.push((node(high), *rule));
                }
                (low, high) = (low / 2, high / 2);
            }
        }
        filed.sort_unstable();
        let mut lists = vec![0; 2 * pieces + 1];
        for (node, _) in &filed {
            lists[*node as usize + 1] += 1;
        }
        let mut end = 0;
        for list in &mut lists {
            end += *list;
            *list = end;
        }
        Self {
            begins: begins.into(),
            lists: lists.into(),
            rules: filed.into_iter().map(|(_, rule)| rule).collect(),
        }
    }

    /// The lists of the rules whose ranges hold a number.
    pub(super) fn with(&self, number: u64) -> impl Iterator<Item = &[u32]> {
        let leaves = self.lists.len() / 2;
        let leaf = leaves + self.begins.partition_point(|begin| *begin <= number);
        let up = std::iter::successors(Some(leaf), |node| (*node > 1).then_some(node / 2));
        up.map(|node| &self.rules[self.lists[node] as usize..self.lists[node + 1] as usize])
            .filter(|list| !list.is_empty())
    }
}

fn node(number: usize) -> u32 {
    u32::try_from(number).expect("each rule has two ends")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_in_the_ranges_that_hold_it(
            ends in proptest::collection::vec((0..40_u64, 0..40_u64), 0..40),
            at_the_end in any::<bool>(),
        ) {
            let scale = |number: u64| if at_the_end { u64::MAX - 39 + number } else { number };
            let ranges: Vec<(RangeInclusive<u64>, u32)> = ends
                .iter()
                .zip(0..)
                .map(|((one, other), rule)| (scale(*one.min(other))..=scale(*one.max(other)), rule))
                .collect();
            let found = Ranges::of(&ranges);
            for number in (0..40).map(scale).chain([0, u64::MAX]) {
                let mut rules: Vec<u32> = found.with(number).flatten().copied().collect();
                prop_assert!(found.with(number).all(<[u32]>::is_sorted));
                rules.sort_unstable();
                let expected = ranges.iter().filter(|(range, _)| range.contains(&number));
                prop_assert_eq!(rules, expected.map(|(_, rule)| *rule).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_number_meets_few_lists_however_many_ranges_overlap() {
        let ranges: Vec<(RangeInclusive<u64>, u32)> = (0..10_000)
            .map(|n| (u64::from(n)..=20_000 - u64::from(n), n))
            .collect();
        let found = Ranges::of(&ranges);
        assert!(found.with(10_000).count() <= 16);
        assert_eq!(found.with(10_000).map(<[u32]>::len).sum::<usize>(), 10_000);
    }
}
