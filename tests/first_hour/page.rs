//! A page of Markdown: its fenced blocks, and the commands in them.

use std::fs;
use std::ops::Range;
use std::path::Path;

pub(crate) struct Page {
    name: String,
    text: String,
}

/// A fenced block.
pub(crate) struct Block<'a> {
    /// The place of its first line, for example `README.md:12`.
    pub(crate) at: String,
    pub(crate) kind: &'a str,
    pub(crate) text: String,
}

impl Page {
    /// A page of this repository.
    pub(crate) fn read(name: &str) -> Self {
        Self::read_in(Path::new(env!("CARGO_MANIFEST_DIR")), name)
    }

    pub(crate) fn read_in(folder: &Path, name: &str) -> Self {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let name = name.to_owned();
        Self { name, text }
    }

    pub(crate) fn all(&self) -> Vec<Block<'_>> {
        self.blocks(0..usize::MAX)
    }

    /// The blocks from one second-level heading to another.
    pub(crate) fn sections(&self, from: &str, to: &str) -> Vec<Block<'_>> {
        let line_of = |heading: &str| {
            let heading = format!("## {heading}");
            let found = self.text.lines().position(|line| line == heading);
            found.unwrap_or_else(|| panic!("{} has no {heading}", self.name))
        };
        self.blocks(line_of(from)..line_of(to))
    }

    fn blocks(&self, range: Range<usize>) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut open = false;
        for (number, line) in self
            .text
            .lines()
            .enumerate()
            .filter(|(number, _)| range.contains(number))
        {
            match (open, line.strip_prefix("```")) {
                (false, Some(kind)) => {
                    let at = format!("{}:{}", self.name, number + 2);
                    let text = String::new();
                    blocks.push(Block { at, kind, text });
                    open = true;
                }
                (true, Some(_)) => open = false,
                (true, None) => {
                    let block = blocks.last_mut().expect("one is open");
                    block.text += line;
                    block.text.push('\n');
                }
                (false, None) => {}
            }
        }
        blocks
    }
}
