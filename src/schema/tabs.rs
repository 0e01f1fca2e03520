//! [`Tabs`]: columns as protoc counts them, where a tab leads to the next multiple of eight, and every other byte is one column.
//! What stands for a byte that is no UTF-8 is one column too.
//!
//! The parser counts bytes, and so do problems. `SourceCodeInfo`, which is served, has protoc's columns.

use std::ops::Range;

use super::stand_ins::{has_any, is_stand_in};
use crate::error::Lines;

/// The tabs of a text, and its stand-ins.
#[derive(Debug)]
pub(super) struct Tabs(Vec<Tab>);

#[derive(Debug)]
struct Tab {
    /// Where it is in the text.
    offset: usize,
    /// How many bytes it has.
    length: usize,
    /// How many columns its line has gained by it and those before it.
    gained: isize,
}

/// The width of the widest tab.
const WIDTH: usize = 8;

impl Tabs {
    pub(super) fn of(text: &str) -> Self {
        let mut tabs = Vec::new();
        let (mut start, mut gained) = (0, 0);
        let mut ends = text.match_indices('\n').map(|(end, _)| end).peekable();
        let mut add = |offset: usize, length: usize| {
            while let Some(end) = ends.next_if(|end| *end < offset) {
                (start, gained) = (end + 1, 0);
            }
            gained += if length > 1 {
                1 - length.cast_signed()
            } else {
                let column = (offset - start).saturating_add_signed(gained);
                (WIDTH - 1 - column % WIDTH).cast_signed()
            };
            tabs.push(Tab {
                offset,
                length,
                gained,
            });
        };
        if has_any(text.as_bytes()) {
            let odd = text.match_indices(|letter| letter == '\t' || is_stand_in(letter));
            odd.for_each(|(offset, found)| add(offset, found.len()));
        } else {
            text.match_indices('\t').for_each(|(offset, _)| add(offset, 1));
        }
        Self(tabs)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives a span of `SourceCodeInfo` protoc's columns in place of bytes.
    pub(super) fn widen(&self, lines: &Lines, span: &mut [i32]) {
        each_column(lines, span, |line, column| {
            let before = self.0.partition_point(|tab| tab.offset < line.start + column);
            column.saturating_add_signed(self.gained(line.start, before))
        });
    }

    /// Gives a span of `SourceCodeInfo` bytes in place of protoc's columns.
    pub(super) fn narrow(&self, lines: &Lines, span: &mut [i32]) {
        each_column(lines, span, |line, column| {
            // The column behind a tab.
            let behind = |tab: &Tab| (tab.offset + tab.length - line.start).saturating_add_signed(tab.gained);
            let before = self.0.partition_point(|tab| {
                tab.offset < line.start || (tab.offset < line.end && behind(tab) <= column)
            });
            column.saturating_add_signed(-self.gained(line.start, before))
        });
    }

    /// What the line that begins at `start` has gained by those of its tabs that are among the first `count`.
    fn gained(&self, start: usize, count: usize) -> isize {
        let last = count.checked_sub(1).map(|last| &self.0[last]);
        last.filter(|tab| tab.offset >= start).map_or(0, |tab| tab.gained)
    }
}

/// Changes both columns of a span; `changed` gets where the line is.
fn each_column(lines: &Lines, span: &mut [i32], changed: impl Fn(&Range<usize>, usize) -> usize) {
    let pairs: &[(usize, usize)] = match span.len() {
        3 => &[(0, 1), (0, 2)],
        4 => &[(0, 1), (2, 3)],
        _ => &[],
    };
    let number = |number: i32| usize::try_from(number).ok();
    for (line, column) in pairs {
        let line = number(span[*line]).and_then(|line| {
            let next = lines.start(line + 1).unwrap_or(usize::MAX);
            Some(lines.start(line)?..next)
        });
        if let (Some(line), Some(found)) = (line, number(span[*column])) {
            span[*column] = i32::try_from(changed(&line, found)).unwrap_or(i32::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_leads_to_the_next_multiple_of_eight_and_back() {
        let text =
            "a\tb\n\t\tc\n   \td\u{e9}\te\nf\n1234567\tg\t12345678\th\n\u{10ffe9}i\tj\u{10ffe9}\u{10ffe8}\tk";
        let (tabs, lines) = (Tabs::of(text), Lines::new(text));
        let columns = [
            ('a', 0),
            ('b', 8),
            ('c', 16),
            ('d', 8),
            ('e', 16),
            ('f', 0),
            ('g', 8),
            ('h', 32),
            ('i', 1),
            ('j', 8),
            ('k', 16),
        ];
        for (letter, wide) in columns {
            let (line, start) = lines.of(text.find(letter).unwrap());
            let column = text.find(letter).unwrap() - start;
            let [line, column] = [line, column].map(|number| i32::try_from(number).unwrap());
            let mut span = [line, column, line, column + 1];
            tabs.widen(&lines, &mut span);
            assert_eq!(span, [line, wide, line, wide + 1], "{letter}");
            tabs.narrow(&lines, &mut span);
            assert_eq!(span, [line, column, line, column + 1], "{letter}");
        }
    }
}
