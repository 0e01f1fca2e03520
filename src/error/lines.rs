//! [`Lines`]: where the lines of a text begin.

/// Where each line of a text begins, in bytes.
#[derive(Debug)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(newlines).collect())
    }

    /// Where a line begins. Lines count from 0.
    pub(crate) fn start(&self, line: usize) -> Option<usize> {
        self.0.get(line).copied()
    }

    /// The line of a byte, from 0, and where it begins.
    pub(crate) fn of(&self, offset: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= offset) - 1;
        (line, self.0[line])
    }
}
