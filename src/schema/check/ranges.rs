//! [`Ranges`]: reserved numbers and numbers of extensions, sorted, so that no check takes time that grows with their square.

use std::fmt;

/// Ranges of numbers.
pub(super) struct Ranges {
    /// Sorted by start.
    sorted: Vec<NumberRange>,
}

/// One range, and where it stands among those that were declared. Its end is exclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberRange {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) index: usize,
}

/// As it is written: `5`, `5 to 8`.
impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.end - 1;
        if last == self.start {
            write!(f, "{last}")
        } else {
            write!(f, "{} to {last}", self.start)
        }
    }
}

impl Ranges {
    /// Ranges in the order of their declaration. Those that end before they begin are left out.
    pub(super) fn new(ranges: impl Iterator<Item = (i64, i64)>) -> Self {
        let ranges = ranges.enumerate();
        let mut sorted: Vec<NumberRange> = ranges
            .map(|(index, (start, end))| NumberRange { start, end, index })
            .filter(|range| range.start < range.end)
            .collect();
        sorted.sort_by_key(|range| (range.start, range.index));
        Self { sorted }
    }

    /// Pairs that overlap, in each the one that is declared first in front. Each range is the later one in one pair at most.
    pub(super) fn overlaps(&self) -> impl Iterator<Item = (NumberRange, NumberRange)> {
        let mut furthest: Option<NumberRange> = None;
        self.sorted.iter().filter_map(move |range| {
            let before = furthest.filter(|before| range.start < before.end);
            if furthest.is_none_or(|before| range.end > before.end) {
                furthest = Some(*range);
            }
            let before = before?;
            let in_order = before.index < range.index;
            Some(if in_order {
                (before, *range)
            } else {
                (*range, before)
            })
        })
    }

    /// The range that has a number in common with `other`, if there is any.
    pub(super) fn meeting(&self, other: NumberRange) -> Option<NumberRange> {
        let after = self.sorted.partition_point(|range| range.start < other.end);
        let range = self.sorted[..after].last()?;
        (other.start < range.end).then_some(*range)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = NumberRange> {
        self.sorted.iter().copied()
    }
}
