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

/// A command in a console block, and its output.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) line: String,
    pub(crate) prints: String,
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

impl Block<'_> {
    /// The commands of a console block. A command continues after a line that ends with a pipe, and to the end of a
    /// here-document.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        let mut end: Option<String> = None;
        for line in self.text.lines() {
            if let Some(line) = line.strip_prefix("$ ") {
                end = line
                    .split_once("<<'")
                    .map(|(_, word)| word.trim_end_matches('\'').to_owned());
                let (line, prints) = (line.to_owned(), String::new());
                commands.push(Command { line, prints });
                continue;
            }
            let command = commands
                .last_mut()
                .unwrap_or_else(|| panic!("{}: no command first", self.at));
            if end.is_some() || command.line.ends_with('|') {
                command.line = format!("{}\n{line}", command.line);
                end.take_if(|end| end == line);
            } else {
                command.prints += line.trim_end();
                command.prints.push('\n');
            }
        }
        commands
    }
}
