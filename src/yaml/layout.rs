//! How far a text that may not be YAML can be followed: the value, the brackets and the string that a place is in.
//!
//! It is read for hints only, when the parser has given up; it never decides what a text means.

/// What is open at a place of a text.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Where the key or the value begins that the place is in, or at which it is.
    pub(super) start: usize,
    /// The brackets that are open, outermost first.
    pub(super) brackets: Vec<(usize, char)>,
    /// Where the string begins that is open.
    pub(super) string: Option<usize>,
}

impl Layout {
    /// What is open at the byte `at`.
    pub(super) fn at(text: &str, at: usize) -> Self {
        let mut layout = Self::default();
        let mut before = '\n';
        let mut letters = text.char_indices().peekable();
        while let Some((place, letter)) = letters.next() {
            if place >= at {
                break;
            }
            let next = letters.peek().map_or('\n', |(_, next)| *next);
            let at_start = place == layout.start;
            if let Some(string) = layout.string {
                if letter == '\\' && text[string..].starts_with('"') {
                    letters.next();
                } else if text[string..].starts_with(letter) {
                    layout.string = None;
                }
                continue;
            }
            match letter {
                '"' | '\'' if at_start => layout.string = Some(place),
                '#' if before.is_whitespace() => {
                    while letters.next_if(|(_, letter)| *letter != '\n').is_some() {}
                }
                '\n' => {
                    let mut end = place + 1;
                    if layout.brackets.is_empty() && begins_block_text(&text[layout.start..place]) {
                        end += block_text_length(text, place);
                        while letters.next_if(|(place, _)| *place < end).is_some() {}
                    }
                    layout.start = end;
                }
                _ if at_start && letter.is_whitespace() => layout.start += letter.len_utf8(),
                '-' | '?' if at_start && next.is_whitespace() => layout.start = place + 1,
                '{' | '[' if at_start => {
                    layout.brackets.push((place, letter));
                    layout.start = place + 1;
                }
                ',' | '}' | ']' if !layout.brackets.is_empty() => {
                    if letter != ',' {
                        layout.brackets.pop();
                    }
                    layout.start = place + 1;
                }
                ':' if next.is_whitespace() || text[layout.start..].starts_with(['"', '\'']) => {
                    layout.start = place + 1;
                }
                _ => {}
            }
            before = letter;
        }
        layout
    }

    /// Whether the place is in brackets.
    pub(super) fn in_brackets(&self) -> bool {
        !self.brackets.is_empty()
    }

    /// The value that begins at `start`, up to the end of its line, or in brackets to what ends it.
    pub(super) fn value<'t>(&self, text: &'t str) -> &'t str {
        let rest = text.get(self.start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let line = line.split_once(" #").map_or(line, |(value, _)| value);
        let mut depth = 0_usize;
        let mut quote = None;
        for (at, letter) in line.char_indices().filter(|_| self.in_brackets()) {
            match letter {
                '"' | '\'' if quote == Some(letter) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(letter),
                _ if quote.is_some() => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                ',' | ']' | '}' if depth == 0 => return line[..at].trim_end(),
                _ => {}
            }
        }
        line.trim_end()
    }
}

/// Where the line of a byte begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Whether a value is the `|` or `>` of a block of text.
fn begins_block_text(value: &str) -> bool {
    let value = value.trim();
    value.starts_with(['|', '>'])
        && value[1..]
            .chars()
            .all(|mark| matches!(mark, '+' | '-' | '1'..='9'))
}

/// The length of the lines after the one that ends at `end` which are indented further than it.
fn block_text_length(text: &str, end: usize) -> usize {
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let own = indentation(&text[line_start(text, end)..end]);
    let lines = text[end + 1..].split_inclusive('\n');
    let inside = lines.take_while(|line| line.trim().is_empty() || indentation(line) > own);
    inside.map(str::len).sum()
}
